import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import JOSE
import Logging
import ServiceLifecycle

/// Decides which of two key rings stays, where the store contains another ring than this replica holds, and writes back
/// the ring that relying parties know. It runs on every replica, since the leader may be the one with the wrong ring.
struct KeyRingRecovery: Service {
    let endpoints: [EndpointConfiguration]
    /// The public issuer URLs, by endpoint; none for an endpoint whose probe is disabled.
    let readers: [String: any IssuerReading]
    let replicas: KeyRingReplicas
    let store: any DocumentStore<KeyRing>
    let leadership: Leadership
    /// nil where clocks are not compared.
    var clock: ClockComparison?
    let scheduler: Scheduler
    let logger: Logger

    /// Seconds between two looks while a conflict lasts.
    static let interval = 5.0

    func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for endpoint in endpoints { group.addTask { await recover(endpoint.name) } }
            }
        }
    }

    private func recover(_ endpoint: String) async {
        guard let replica = replicas[endpoint] else { return }
        var logger = logger
        logger[metadataKey: "endpoint"] = "\(endpoint)"
        // Compare-and-swap, whoever leads.
        let writer = DocumentLeader(store: store, mayWrite: { true }, logger: logger)
        let loop = RetryLoop<StoreError>(
            scheduler: scheduler,
            log: FailureLog("key ring recovery failed", recovered: "key ring recovery works again", logger: logger))
        await loop.run {
            [replica.changes()]
        } _: { () throws(StoreError) in
            try await step(replica, writer, readers[endpoint])
        }
    }

    private func step(
        _ replica: DocumentReplica<KeyRing>, _ writer: DocumentLeader<KeyRing>, _ reader: (any IssuerReading)?
    ) async throws(StoreError) -> RetryLoop<StoreError>.Next {
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
