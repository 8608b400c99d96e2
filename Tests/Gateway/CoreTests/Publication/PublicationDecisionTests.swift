import GatewayCore
import GatewayPluginAPI
import Testing

@Suite("Decisions on published documents")
struct PublicationDecisionTests {
    private let stamp = DocumentStamp(owner: "ours", revision: 7, digest: "d7")

    private func decision(_ stored: StoredDocument?, takeOver: Bool = false) -> PublicationDecision {
        PublicationDecision(stamp: stamp, length: 100, stored: stored, takeOver: takeOver)
    }

    private func stored(
        owner: String = "ours", revision: Int = 7, digest: String = "d7", length: Int = 100
    ) -> StoredDocument {
        StoredDocument(
            version: "v1", stamp: DocumentStamp(owner: owner, revision: revision, digest: digest), length: length)
    }

    @Test("A missing document is written only if it is still missing")
    func absent() {
        #expect(decision(nil) == .put(.absent))
    }

    @Test("A current document is not written again")
    func unchanged() {
        #expect(decision(stored()) == .unchanged)
    }

    @Test("The same content of an earlier revision is not written again")
    func earlier() {
        #expect(decision(stored(revision: 6)) == .unchanged)
        #expect(decision(stored(revision: 6, digest: "d6")) == .put(.version("v1")))
    }

    @Test("Other content, another length or a missing stamp is overwritten")
    func drift() {
        let replaced = PublicationDecision.put(.version("v1"))
        #expect(decision(stored(digest: "d6")) == replaced)
        #expect(decision(stored(length: 99)) == replaced)
        #expect(decision(StoredDocument(version: "v1", stamp: nil, length: 100)) == replaced)
    }

    @Test("Documents of another owner are overwritten only where an operator permits it")
    func foreignOwner() {
        #expect(decision(stored(owner: "theirs")) == .reject(.foreignOwner("theirs")))
        #expect(decision(stored(owner: "theirs", revision: 1)) == .reject(.foreignOwner("theirs")))
        #expect(decision(stored(owner: "theirs", revision: 9), takeOver: true) == .put(.version("v1")))
        #expect(PublicationConflict.foreignOwner("theirs").description.contains("publish --take-over"))
        let odd = PublicationConflict.foreignOwner("a\n\"\u{202E}" + String(repeating: "b", count: 1_000)).description
        #expect(odd.contains(#"owner "a???bbb"#) && odd.utf8.count < 400)
    }

    @Test("A lower revision never overwrites a higher one, not even with --take-over")
    func newerRevision() {
        #expect(decision(stored(revision: 8)) == .reject(.newerRevision(8)))
        #expect(decision(stored(revision: 8), takeOver: true) == .reject(.newerRevision(8)))
    }
}
