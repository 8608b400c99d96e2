import GatewayCore
import GatewayPluginAPI
import Testing

@Suite("What is done with a published document")
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

    @Test("What is absent is written only if it stays absent until then")
    func absent() {
        #expect(decision(nil) == .put(.absent))
    }

    @Test("What is as it should be is not sent again")
    func unchanged() {
        #expect(decision(stored()) == .keep)
    }

    @Test("The same content under an earlier revision of the ring is not sent again")
    func earlier() {
        #expect(decision(stored(revision: 6)) == .keep)
        #expect(decision(stored(revision: 6, digest: "d6")) == .put(.version("v1")))
    }

    @Test("Drift is repaired: other content, another length, no stamp")
    func drift() {
        let replaced = PublicationDecision.put(.version("v1"))
        #expect(decision(stored(digest: "d6")) == replaced)
        #expect(decision(stored(length: 99)) == replaced)
        #expect(decision(StoredDocument(version: "v1", stamp: nil, length: 100)) == replaced)
    }

    @Test("A foreign owner's documents are left alone until an operator says otherwise")
    func foreignOwner() {
        #expect(decision(stored(owner: "theirs")) == .refuse(.foreignOwner("theirs")))
        #expect(decision(stored(owner: "theirs", revision: 1)) == .refuse(.foreignOwner("theirs")))
        #expect(decision(stored(owner: "theirs", revision: 9), takeOver: true) == .put(.version("v1")))
        #expect(PublicationRefusal.foreignOwner("theirs").description.contains("publish --take-over"))
        let odd = PublicationRefusal.foreignOwner("a\n\"\u{202E}" + String(repeating: "b", count: 1_000)).description
        #expect(odd.contains(#"owner "a???bbb"#) && odd.utf8.count < 400)
    }

    @Test("A lower revision never overwrites a higher one, not even by a take-over")
    func newerRevision() {
        #expect(decision(stored(revision: 8)) == .refuse(.newerRevision(8)))
        #expect(decision(stored(revision: 8), takeOver: true) == .refuse(.newerRevision(8)))
    }
}
