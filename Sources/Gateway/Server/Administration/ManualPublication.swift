import FoundationEssentials
package import GatewayCore
import GatewayPluginAPI
import Logging

/// One round of publication for the `publish` command: writes the documents, waits for the CDN invalidation, and reads
/// the public URL.
package struct ManualPublication: Sendable {
    package enum Mode: Sendable {
        case publish
        /// Documents of another key ring may be overwritten.
        case takeOver
        /// No document is written and no key is created.
        case check
    }

    package enum Result: String, Sendable {
        /// The documents are published; in the mode `check`, they are up to date.
        case succeeded
        /// A document is not up to date; in the mode `check` only.
        case differs = "different"
        case failed
    }

    /// What a round has found and done.
    package struct Summary: Sendable {
        package var result = Result.failed
        /// Human-readable; nil where nothing was opened.
        package var location: String?
        /// The last outcome of each document.
        package var outcomes: [PublicationRound.Outcome] = []
        /// What the issuer URL serves; nil where it was not read.
        package var verdict: ProbeVerdict?
        /// Why there is no more; nil where a document's outcome says it, or nothing failed.
        package var problem: String?
        package var code: ErrorCode?

        fileprivate mutating func add(_ report: EndpointPublication.Report) {
            location = report.status.location
            verdict = report.status.verdict ?? verdict
            for outcome in report.outcomes {
                if let index = outcomes.firstIndex(where: { $0.document.kind == outcome.document.kind }) {
                    if outcome.result != .unchanged { outcomes[index] = outcome }
                } else {
                    outcomes.append(outcome)
                }
            }
        }
    }

    let session: ManualSession

    package init(_ session: ManualSession) { self.session = session }

    /// - Parameters:
    ///   - isByAdministrator: whether the credentials of the person who runs the command are used instead of the
    ///     gateway's.
    ///   - output: called with each human-readable line.
    package func run(
        _ endpoint: EndpointConfiguration, mode: Mode, isByAdministrator: Bool = false,
        output: @Sendable (String) -> Void
    ) async -> Result {
        await summary(endpoint, mode: mode, isByAdministrator: isByAdministrator, output: output).result
    }

    /// As ``run(_:mode:isByAdministrator:output:)``, with all that was found.
    package func summary(
        _ endpoint: EndpointConfiguration, mode: Mode, isByAdministrator: Bool = false,
        output: @Sendable (String) -> Void
    ) async -> Summary {
        let name = endpoint.name
        let keys: CurrentSigningKeys
        do throws(StoreError) {
            guard let ring = try await ring(of: endpoint, makesFirst: mode != .check) else {
                let problem = "no key ring yet; sts-gateway serve creates it, or publish without --check"
                output("\(name): \(problem)")
                return Summary(result: .differs, problem: problem, code: .documentsDiffer)
            }
            keys = CurrentSigningKeys(SigningKeySnapshot(ring: ring, of: endpoint))
        } catch {
            output(error.code.ending("\(name): \(error)"))
            return Summary(problem: "\(error)", code: error.code)
        }
        guard let documents = keys.snapshot.documents else { return Summary() }
        let tools = PublicationTools(in: session.host, logger: session.logger)
        let opened = tools.open(
            endpoint, keys: keys, isByAdministrator: isByAdministrator,
            tokenSource: session.tokenSource(of: endpoint, tools))
        var summary = Summary()
        summary.result = await run(endpoint, mode, opened, documents, &summary, output)
        await tools.close()
        return summary
    }

    func ring(
        of endpoint: EndpointConfiguration, makesFirst: Bool
    ) async throws(StoreError) -> KeyRing? {
        if let stored = try await session.keyStore.rings.load(endpoint.name) { return stored.value }
        guard makesFirst else { return nil }
        let rotation = KeyRotation(
            configuration: endpoint,
            leader: DocumentLeader(store: session.keyStore.rings, mayWrite: { true }, logger: session.logger),
            keyPairs: session.keyStore.keyPairs, generator: SigningKeyGenerator())
        let first = try await session.keyStore.whileNobodyLeads(session.scheduler) { () throws(StoreError) in
            try await rotation.first(at: session.scheduler.now()).value
        }
        if let first { return first }
        for _ in 0..<10 {
            if let stored = try await session.keyStore.rings.load(endpoint.name) { return stored.value }
            try? await session.scheduler.sleep(0.5)
        }
        throw .rejected(
            "there is no key ring yet, and another gateway leads, which creates it; add the endpoint to its configuration"
        )
    }

    /// Spares the leader an invalidation of its own; without the record it requests one.
    private func record(_ invalidated: KeyRing.InvalidatedDocuments, of endpoint: String) async {
        guard let stored = try? await session.keyStore.rings.load(endpoint),
            let ring = stored.value.recording(nil, location: nil, invalidated: invalidated)
        else { return }
        _ = try? await session.keyStore.rings.save(ring, replacing: stored.version)
    }

    private func run(
        _ endpoint: EndpointConfiguration, _ mode: Mode, _ opened: PublicationTools.Opened,
        _ documents: IssuerDocuments, _ summary: inout Summary, _ output: @Sendable (String) -> Void
    ) async -> Result {
        let name = endpoint.name
        let clock = session.host.clock
        // The leader confirms keys that are handed over.
        var publication = PublicationTools.publication(
            of: opened,
            PublicationTools.Course(
                reader: opened.reader, takeOver: mode == .takeOver, isDryRun: mode == .check, leasePeriod: 0,
                now: clock,
                random: session.scheduler.random))
        var invalidationFailures = 0
        var isWaiting = false
        while true {
            let report = await publication.step(documents)
            summary.add(report)
            for outcome in report.outcomes {
                output(Self.text(outcome, at: report.status.location ?? "", of: name))
            }
            if report.outcomes.contains(where: { $0.result.kind == .failed || $0.result.kind == .rejected }) {
                return .failed
            }
            guard report.status.invalidatingSince != nil else {
                if isWaiting { output("\(name): CDN invalidation completed") }
                if let verdict = report.status.verdict { output("\(name): \(verdict)") }
                if mode != .check, let invalidated = report.status.invalidated { await record(invalidated, of: name) }
                guard mode == .check else { return .succeeded }
                let isStale = report.outcomes.contains { $0.result == .stale }
                return isStale || report.status.problem != nil ? .differs : .succeeded
            }
            if let failure = report.status.invalidationFailure {
                invalidationFailures += 1
                let code = report.status.invalidationFailureCode
                output(code?.ending("\(name): CDN invalidation: \(failure)") ?? "\(name): CDN invalidation: \(failure)")
                if invalidationFailures >= 4 {
                    (summary.problem, summary.code) = ("CDN invalidation: \(failure)", code)
                    return .failed
                }
            } else {
                invalidationFailures = 0
                if !isWaiting { output("\(name): waiting for the CDN invalidation") }
                isWaiting = true
            }
            do {
                try await session.scheduler.sleep(max(0.1, report.next.timeIntervalSince(clock())))
            } catch {
                return .failed
            }
        }
    }

    /// Returns a human-readable line.
    static func text(_ outcome: PublicationRound.Outcome, at place: String, of endpoint: String) -> String {
        let result =
            switch outcome.result {
            case .unchanged: "unchanged"
            case .written, .overwritten: "written"
            case .stale: "not up to date"
            case .rejected(let conflict): conflict.code.ending("rejected: \(conflict)")
            case .failed(let error): error.code.ending("failed: \(CommandText.of("\(error)"))")
            }
        return "\(endpoint): \(outcome.document.kind.path) at \(place): \(result)"
    }
}
