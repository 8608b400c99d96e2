import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("Key ring documents")
struct KeyRingDocumentTests {
    private func text(_ replace: (String) -> String = { $0 }) throws -> Data {
        let document = try KeyRingDocument.encode(try ExampleEndpoint.ring(TestKeys.ec))
        return Data(replace(String(decoding: document, as: UTF8.self)).utf8)
    }

    private func failure(_ document: Data, endpoint: String = "one") -> StoreError? {
        do {
            _ = try KeyRingDocument.decode(document, endpoint: endpoint)
            return nil
        } catch {
            return error
        }
    }

    @Test("A ring is decoded as it was encoded")
    func roundTrip() throws {
        let ring = try ExampleEndpoint.ring(TestKeys.ec)
        let read = try KeyRingDocument.decode(try KeyRingDocument.encode(ring), endpoint: "one")
        #expect(read.endpoint == "one")
        #expect(read.owner == ring.owner)
        #expect(read.revision == ring.revision)
        #expect(read.publicKeys == ring.publicKeys)
        #expect(read.active?.created == ring.active?.created)
        #expect(read.active?.certificate == ring.active?.certificate)
        let token = try SignedJWT.sign(["a": 1], with: try #require(read.active).signingKey)
        try SignedJWT(parsing: token).verify(with: ring.publicKeys)
    }

    @Test("An invalid ring is rejected with its reason, without key material")
    func failures() throws {
        let pem = TestKeys.ec.pkcs8PEM.split(separator: "\n")[1]
        let foreign = try SigningKey.generate(.es256).pkcs8PEM.replacingNewlines
        let rows: [(String, Data, String)] = [
            ("empty", Data(), "version"),
            ("no JSON", Data("garbage".utf8), "version"),
            ("truncated", try text().prefix(100), "version"),
            ("a member missing", try text { $0.replacing("\"created\"", with: "\"made\"") }, "member"),
            ("a broken key", try text { $0.replacing(pem, with: "AAAA") }, "keys[0].privateKey"),
            ("another algorithm", try text { $0.replacing("\"ES256\"", with: "\"ES384\"") }, "keys[0].privateKey"),
            ("an unknown algorithm", try text { $0.replacing("\"ES256\"", with: "\"ES257\"") }, "member"),
            (
                "another key's kid", try text { $0.replacing(TestKeys.ec.pkcs8PEM.replacingNewlines, with: foreign) },
                "keys[0].kid"
            ),
            (
                "an owner with a line break",
                try text { $0.replacing("\"owner\" : \"owner\"", with: #""owner" : "a\nb""#) }, "owner"
            ),
            ("a revision below 1", try text { $0.replacing("\"revision\" : 1", with: "\"revision\" : 0") }, "revision"),
            (
                "a revision above 2^53 - 1",
                try text { $0.replacing("\"revision\" : 1", with: "\"revision\" : 9007199254740992") }, "revision"
            ),
            (
                "a revision that no number represents exactly",
                try text { $0.replacing("\"revision\" : 1", with: "\"revision\" : 1e19") }, "member"
            ),
            ("no certificate", try text { $0.replacing("BEGIN CERTIFICATE", with: "BEGIN") }, "certificate"),
        ]
        for (row, document, needle) in rows {
            let error = try #require(failure(document), "\(row) was taken")
            #expect(error.description.contains(needle), "\(row): \(error)")
            #expect(!error.description.contains(pem), "\(row)")
        }
    }

    @Test("Every member of a ring during a rotation is stored")
    func midst() throws {
        let policy = try ExampleEndpoint.configuration().rotationPolicy
        let later = ExampleEndpoint.now.addingTimeInterval(60)
        let certificate = try ExampleEndpoint.certificate()
        let key = try SigningKey.generate(.es256)
        let last = try SigningKey.generate(.es256)
        var ring = try ExampleEndpoint.ring(TestKeys.ec)
            .adding(key, certificate: certificate, at: later, policy: policy)
        ring = try #require(ring.applying(.markPublished(key.keyID, at: later), at: later, policy: policy))
        ring = try #require(ring.applying(.activate(key.keyID), at: later, policy: policy))
        ring = ring.adding(last, certificate: certificate, at: later, policy: policy)
        ring = try #require(ring.applying(.markPublished(last.keyID, at: later), at: later, policy: policy))
        ring = try #require(ring.revoking(TestKeys.ec.keyID, at: later))
            .recording(.init(name: "mine", uid: "1", kid: key.keyID, isPresent: true))
        ring = try #require(ring.recording(nil, location: nil, invalidated: .init(keys: "a", discovery: "b")))
        let read = try KeyRingDocument.decode(try KeyRingDocument.encode(ring), endpoint: "one")
        #expect(read.revoked == ring.revoked && read.keypair == ring.keypair && read.revision == ring.revision)
        #expect(read.invalidated == .init(keys: "a", discovery: "b"))
        #expect(read.revoking(last.keyID, at: later)?.invalidated == .init(discovery: "b"))
        #expect(read.keys.map(\.state) == [.active, .published])
        for (kept, was) in zip(read.keys, ring.keys) {
            #expect(kept.published == was.published && kept.activated == was.activated && kept.created == was.created)
            #expect(kept.retired == was.retired && kept.maximumTokenLifetime == was.maximumTokenLifetime)
        }
    }

    @Test("In a ring of version 1 the key signs since its creation")
    func first() throws {
        let old = try text {
            $0.replacing("\"version\" : 2", with: "\"version\" : 1").replacing("\"activated\"", with: "\"other\"")
                .replacing("\"longestLife\"", with: "\"another\"").replacing("\"revoked\"", with: "\"third\"")
        }
        let read = try KeyRingDocument.decode(old, endpoint: "one")
        #expect(read.active?.activated == read.active?.created && read.active?.maximumTokenLifetime == 0)
    }

    @Test("A ring without owner and revision gets its first key's ID and 1")
    func before() throws {
        let old = try text {
            $0.replacing("\"owner\" : \"owner\",", with: "").replacing("\"revision\" : 1,", with: "")
        }
        let read = try KeyRingDocument.decode(old, endpoint: "one")
        #expect(read.owner == TestKeys.ec.keyID.rawValue)
        #expect(read.revision == 1)
    }

    @Test("A ring of another endpoint and one of a newer version are rejected")
    func foreign() throws {
        #expect(failure(try text(), endpoint: "two")?.description.contains("\"one\"") == true)
        let newer = try text { $0.replacing("\"version\" : 2", with: "\"version\" : 3") }
        #expect(failure(newer) == .newerVersion(3, supported: 2))
    }
}

extension String {
    fileprivate var replacingNewlines: String { replacing("\n", with: "\\n") }
}
