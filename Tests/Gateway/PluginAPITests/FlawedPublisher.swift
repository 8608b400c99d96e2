import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport

/// A publisher with one flaw, to show that the conformance suite finds it.
struct FlawedPublisher: DiscoveryPublisher {
    enum Flaw: Sendable, CaseIterable {
        case dropsDigest, dropsStamp, failsReads, ignoresAbsent, ignoresVersion, deniesConflicts, dropsContent

        /// The rule that the flaw breaks.
        var rule: ConformanceBreach.Rule {
            switch self {
            case .dropsDigest, .dropsStamp, .failsReads, .dropsContent: .publisherReads
            case .ignoresAbsent, .ignoresVersion, .deniesConflicts: .publisherConditions
            }
        }
    }

    let flaw: Flaw
    private let store = FakePublisher()

    init(flaw: Flaw) { self.flaw = flaw }

    var location: String { store.location }

    func stored(_ document: IssuerDocumentKind) async throws(PublishError) -> StoredDocument? {
        if flaw == .failsReads { throw PublishError(.unavailable, "no answer in time") }
        guard let stored = try await store.stored(document) else { return nil }
        let stamp =
            switch flaw {
            case .dropsStamp: nil as DocumentStamp?
            case .dropsDigest:
                stored.stamp.map { DocumentStamp(owner: $0.owner, revision: $0.revision, digest: "") }
            default: stored.stamp
            }
        return StoredDocument(version: stored.version, stamp: stamp, length: stored.length)
    }

    func put(
        _ document: IssuerDocumentKind, _ content: [UInt8], stamp: DocumentStamp, if condition: PutCondition
    ) async throws(PublishError) -> String {
        let stored = try await store.stored(document)
        let current = stored.map { PutCondition.version($0.version) } ?? .absent
        var condition = condition
        switch (flaw, condition) {
        case (.ignoresAbsent, .absent), (.ignoresVersion, .version): condition = current
        case (.deniesConflicts, _) where condition != current: throw PublishError(.denied, "not allowed")
        default: break
        }
        return try await store.put(document, flaw == .dropsContent ? [] : content, stamp: stamp, if: condition)
    }
}
