import GatewayCore
import GatewayPluginAPI

extension ManualPublication {
    /// What is stored and served of an endpoint's documents, read with an administrator's credentials.
    struct State: Sendable {
        /// The documents that are not up to date, human-readable.
        var stale: [String] = []
        /// Why the issuer URL does not serve the documents; nil where it does, or where probing is disabled.
        var problem: String?
    }

    /// - Parameters:
    ///   - reading: whether the issuer URL is read too.
    ///   - makesFirst: whether the key ring is created where there is none.
    /// - Throws: where the key ring or the documents cannot be read, or the documents are those of another key ring.
    func state(
        of endpoint: EndpointConfiguration, reading: Bool, makesFirst: Bool
    ) async throws(ProvisioningError) -> State {
        var state = State()
        guard let ring = try await provisionedRing(of: endpoint, makesFirst: makesFirst) else {
            state.stale = endpoint.issuer.documents.map { "\($0.path): no key ring yet" }
            return state
        }
        guard let report = await step(endpoint, ring, isDryRun: true, reading: reading) else { return state }
        state.stale = try Self.stale(report)
        if let verdict = report.status.verdict, !verdict.isMatch { state.problem = "\(verdict)" }
        return state
    }

    /// Writes the documents once.
    ///
    /// - Throws: why a document was not written.
    func write(_ endpoint: EndpointConfiguration) async throws(ProvisioningError) {
        guard let ring = try await provisionedRing(of: endpoint, makesFirst: true),
            let report = await step(endpoint, ring, isDryRun: false, reading: false)
        else { throw ProvisioningError(.permanent, "the key ring has no documents") }
        _ = try Self.stale(report)
    }

    private func provisionedRing(
        of endpoint: EndpointConfiguration, makesFirst: Bool
    ) async throws(ProvisioningError) -> KeyRing? {
        do {
            return try await ring(of: endpoint, makesFirst: makesFirst)
        } catch {
            throw ProvisioningError(.permanent, "\(error)")
        }
    }

    /// The documents that a dry run would write.
    private static func stale(_ report: EndpointPublication.Report) throws(ProvisioningError) -> [String] {
        var stale: [String] = []
        for outcome in report.outcomes {
            let path = outcome.document.kind.path
            switch outcome.result {
            case .unchanged, .written, .overwritten: break
            case .stale: stale.append(path)
            case .rejected(let conflict):
                let step = if case .foreignKeys = conflict { "keys" } else { "documents" }
                throw ProvisioningError(
                    .permanent, "\(path): \(conflict), or sts-gateway provision with --only \(step) --take-over")
            case .failed(let error):
                let isTransient = [.unavailable, .throttled, .conflict].contains(error.kind)
                throw ProvisioningError(
                    isTransient ? .transient : .permanent, "\(path): \(error)", retryAfter: error.retryAfter)
            }
        }
        return stale
    }

    private func step(
        _ endpoint: EndpointConfiguration, _ ring: KeyRing, isDryRun: Bool, reading: Bool
    ) async -> EndpointPublication.Report? {
        let keys = CurrentSigningKeys(SigningKeySnapshot(ring: ring, of: endpoint))
        guard let documents = keys.snapshot.documents else { return nil }
        let tools = PublicationTools(in: session.host, logger: session.logger)
        let opened = tools.open(endpoint, keys: keys, isByAdministrator: true)
        var publication = PublicationTools.publication(
            of: opened,
            PublicationTools.Course(
                reader: reading ? opened.reader : nil, isDryRun: isDryRun, leasePeriod: 0, now: session.host.clock,
                random: session.scheduler.random))
        let report = await publication.step(documents)
        await tools.close()
        return report
    }
}
