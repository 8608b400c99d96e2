import GatewayCore
import GatewayPluginAPI
import JOSE
import Logging

/// The recovery of one endpoint's key ring: see ``KeyRingRecovery``.
actor EndpointRecovery: Stepping {
    private let replica: DocumentReplica<KeyRing>
    /// The public issuer URL; nil where its probe is disabled.
    private let reader: (any IssuerReading)?
    private let writer: DocumentLeader<KeyRing>
    private let leadership: Leadership
    /// nil where clocks are not compared.
    private let clock: ClockComparison?
    private var course: RetryCourse<StoreError>

    /// Seconds between two looks while a conflict lasts.
    private static let interval = 5.0

    init(
        _ replica: DocumentReplica<KeyRing>, reader: (any IssuerReading)?, writer: DocumentLeader<KeyRing>,
        leadership: Leadership, clock: ClockComparison?, scheduler: Scheduler
    ) {
        self.replica = replica
        self.reader = reader
        self.writer = writer
        self.leadership = leadership
        self.clock = clock
        course = RetryCourse(
            scheduler: scheduler,
            log: FailureLog(
                "key ring recovery failed", recovered: "key ring recovery works again", logger: writer.logger))
    }

    nonisolated func observe(_ wake: @escaping @Sendable () -> Void) -> [ChangeSignal.Observation] {
        [replica.observe(wake)]
    }

    func step() async -> StepTime {
        let result: Result<StepTime, StoreError>
        do throws(StoreError) { result = .success(try await recover()) } catch { result = .failure(error) }
        return course.next(after: result) { _ in }
    }

    private func recover() async throws(StoreError) -> StepTime {
        let view = replica.view
        guard let stored = view.stored else { return .at(nil) }
        let other = view.found.flatMap { $0.value.owner == stored.value.owner ? nil : $0 }
        // The leader restores a ring that is missing at once.
        guard other != nil || view.isMissing == true && !leadership.isLeading else { return .at(nil) }
        let reports = replica.reports
        let reading = await Self.read(reader)
        if let other {
            guard let conflict = replica.conflict(reading) else { return .atOnce }
            switch stored.value.resolution(against: other.value, in: conflict) {
            case .yields:
                writer.logger.warning(
                    "key ring replaced by the stored one",
                    metadata: [
                        "code": "\(ErrorCode.foreignDocument)", "owner": "\(stored.value.owner)",
                        "stored": "\(other.value.owner)",
                    ])
                replica.yield(to: other.version)
                return .atOnce
            case .stays(let anyReplicaRestores):
                guard anyReplicaRestores || leadership.isLeading else { return .after(Self.interval) }
            }
        } else {
            guard case .served(let kids) = reading, stored.value.isServed(kids) else { return .after(Self.interval) }
        }
        // The times of both rings were compared with this replica's clock.
        if let problem = clock?.result?.problem { throw .rejected(problem) }
        guard case .stored(let restored)? = try await writer.restore(view) else { return .after(Self.interval) }
        try await writer.apply(.document(restored), to: replica, ifReports: reports)
        return .after(Self.interval)
    }

    /// What the gateway itself answers for an issuer that nobody publishes does not count.
    private static func read(_ reader: (any IssuerReading)?) async -> DocumentConflict.Reading {
        guard let reader, case .content(let content, isOwn: false) = await reader.read(.keys),
            let set = try? JSONWebKeySet(parsing: content)
        else { return .unknown }
        return .served(Set(set.keys.map(\.parameters.thumbprint.rawValue)))
    }
}
