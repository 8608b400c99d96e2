import FoundationEssentials
import GatewayCore
import Testing

@Suite("Documents of the serving identity")
struct ServingIdentityDocumentTests {
    private func identity() throws -> ServingIdentity {
        let next = try ExampleIdentity.authority("two", .next, reason: .names, constraint: nil)
        let announced = try ExampleIdentity.identity().announcing(next, answering: "1")
        let policy = ServingPolicy(names: ExampleIdentity.names, timeToLive: 900)
        let certificate = ExampleIdentity.certificate(
            "new", names: CertificateNames(dns: ["a"], addresses: [[127, 0, 0, 1]]))
        let active = try #require(
            announced.activating(next.id, certificate: certificate, at: ExampleIdentity.now, policy: policy))
        return active.announcing(try ExampleIdentity.authority("three", .next, reason: .requested), answering: "2")
    }

    private func failure(_ document: Data) -> StoreError? {
        do {
            _ = try ServingIdentityDocument.decode(document)
            return nil
        } catch {
            return error
        }
    }

    @Test("An identity is decoded as it was encoded")
    func roundTrip() throws {
        let identity = try identity()
        #expect(try ServingIdentityDocument.decode(try ServingIdentityDocument.encode(identity)) == identity)
    }

    @Test("An invalid document is rejected with its reason, without key material")
    func failures() throws {
        let text = String(decoding: try ServingIdentityDocument.encode(try identity()), as: UTF8.self)
        for (row, document, needle) in [
            ("empty", "", "version"), ("no JSON", "garbage", "version"),
            ("truncated", String(text.prefix(90)), "version"),
            ("a member missing", text.replacing("\"owner\"", with: "\"possessor\""), "member"),
            ("no owner", text.replacing("\"owner\" : \"owner\"", with: "\"owner\" : \"\""), "owner"),
            ("an unknown state", text.replacing("\"trusted\"", with: "\"retired\""), "member"),
            ("two that issue", text.replacing("\"state\" : \"next\"", with: "\"state\" : \"issuing\""), "issuing"),
            ("none that issues", text.replacing("\"state\" : \"issuing\"", with: "\"state\" : \"trusted\""), "trusted"),
            ("no certificate", text.replacing("BEGIN CERTIFICATE", with: "BEGIN"), "authorities[0].certificate"),
            (
                "one that is to sign without a key",
                text.replacing("\"privateKey\" : \"key of three\",\n      ", with: ""), "authorities[2].privateKey"
            ),
            ("an address of five bytes", text.replacing("127,", with: "127,\n 1,"), "addresses"),
        ] {
            guard case .malformed(let why) = failure(Data(document.utf8)) else {
                Issue.record("\(row): \(String(describing: failure(Data(document.utf8))))")
                continue
            }
            #expect(why.contains(needle), "\(row): \(why)")
            #expect(!why.contains("key of"), "\(row)")
        }
        let newer = text.replacing("\"version\" : 1", with: "\"version\" : 2")
        #expect(failure(Data(newer.utf8)) == .newerVersion(2, supported: 1))
    }

    @Test("No description and no dump of an identity contains a key")
    func secrets() throws {
        let identity = try identity()
        var dumped = "\(identity) \(String(reflecting: identity))"
        dump(identity, to: &dumped)
        #expect(!dumped.contains("key of"))
    }
}
