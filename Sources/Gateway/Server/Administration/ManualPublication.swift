import FoundationEssentials
package import GatewayCore
import GatewayPluginAPI
import Logging

/// One round of publication by hand, the same way as the gateway's own: documents, edges, and a look at the public URL.
package struct ManualPublication: Sendable {
    package enum Mode: Sendable {
        case publish
        /// What another key ring published may be overwritten.
        case takeOver
        /// Nothing is written, nor any key made.
        case check
    }

    package enum Result: Sendable {
        case good
        /// Something is not as it should be, and only a look was wanted.
        case differs
        case failed
    }

    private let session: ManualSession

    package init(_ session: ManualSession) { self.session = session }

    /// - Parameters:
    ///   - isByAdministrator: whether somebody's own credentials are to be used, not the gateway's.
    ///   - tell: takes a line for people.
    package func run(
        _ endpoint: EndpointConfiguration, mode: Mode, isByAdministrator: Bool = false,
        tell: @Sendable (String) -> Void
    ) async -> Result {
        let name = endpoint.name
        let keys: CurrentSigningKeys
        do throws(StoreError) {
            guard let ring = try await ring(of: endpoint, makesFirst: mode != .check) else {
                tell("\(name): there is no key ring yet; serve makes it, or publish without --check")
                return .differs
            }
            keys = CurrentSigningKeys(SigningKeySnapshot(ring: ring, of: endpoint))
        } catch {
            tell("\(name): \(error)")
            return .failed
        }
        guard let documents = keys.snapshot.documents else { return .failed }
        let tools = PublicationTools(in: session.host, logger: session.logger)
        let opened = tools.open(endpoint, keys: keys, isByAdministrator: isByAdministrator)
        let result = await run(endpoint, mode, opened, documents, tell)
        await tools.close()
        return result
    }

    private func ring(
        of endpoint: EndpointConfiguration, makesFirst: Bool
    ) async throws(StoreError) -> KeyRing? {
        guard makesFirst else { return try await session.keyStore.rings.load(endpoint.name)?.value }
        let rotation = KeyRotation(
            configuration: endpoint,
            leader: DocumentLeader(store: session.keyStore.rings, mayWrite: { true }, logger: session.logger),
            keyPairs: session.keyStore.keyPairs, generator: SigningKeyGenerator())
        return try await rotation.first(at: session.scheduler.now()).value
    }

    private func run(
        _ endpoint: EndpointConfiguration, _ mode: Mode, _ opened: PublicationTools.Opened,
        _ documents: IssuerDocuments, _ tell: @Sendable (String) -> Void
    ) async -> Result {
        let name = endpoint.name
        let clock = session.host.clock
        var publication = EndpointPublication(
            publisher: opened.publisher, reader: endpoint.probe.isEnabled ? opened.probe : nil,
            interval: endpoint.probe.interval, takeOver: mode == .takeOver, isDryRun: mode == .check, now: clock,
            random: session.scheduler.random)
        var invalidationFailures = 0
        var isWaiting = false
        while true {
            let report = await publication.step(documents)
            for outcome in report.outcomes {
                tell(Self.told(outcome, at: report.status.location ?? "", of: name))
            }
            if report.outcomes.contains(where: { $0.result.kind == .failed || $0.result.kind == .rejected }) {
                return .failed
            }
            guard report.status.invalidatingSince != nil else {
                if isWaiting { tell("\(name): the edges have forgotten the old documents") }
                if let verdict = report.status.verdict { tell("\(name): \(verdict)") }
                guard mode == .check else { return .good }
                let isStale = report.outcomes.contains { $0.result == .stale }
                return isStale || report.status.problem != nil ? .differs : .good
            }
            if let failure = report.status.invalidationFailure {
                invalidationFailures += 1
                tell("\(name): invalidation: \(failure)")
                if invalidationFailures >= 4 { return .failed }
            } else {
                invalidationFailures = 0
                if !isWaiting { tell("\(name): waiting for the edges to forget the old documents") }
                isWaiting = true
            }
            do {
                try await session.scheduler.sleep(max(0.1, report.next.timeIntervalSince(clock())))
            } catch {
                return .failed
            }
        }
    }

    /// A line for people.
    static func told(_ outcome: PublicationRound.Outcome, at place: String, of endpoint: String) -> String {
        let result =
            switch outcome.result {
            case .unchanged: "unchanged"
            case .written: "written"
            case .stale: "is not what it should be"
            case .rejected(let conflict): "rejected: \(conflict)"
            case .failed(let error): "failed: \(error)"
            }
        return "\(endpoint): \(outcome.document.kind.path) at \(place): \(result)"
    }
}
