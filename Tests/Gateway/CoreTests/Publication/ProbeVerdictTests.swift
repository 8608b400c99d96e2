import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import Testing

@Suite("The verdict on the public URL")
struct ProbeVerdictTests {
    private let documents: IssuerDocuments

    init() throws { documents = try .example() }

    private func verdict(
        keys: IssuerResponse? = nil, discovery: IssuerResponse? = nil, isPublished: Bool = true
    ) -> ProbeVerdict {
        ProbeVerdict(
            [
                .keys: keys ?? .content(documents[.keys], isOwn: false),
                .discovery: discovery ?? .content(documents[.discovery], isOwn: false),
            ], expected: documents, isPublished: isPublished)
    }

    private func text(_ kind: IssuerDocumentKind) -> String { String(decoding: documents[kind], as: UTF8.self) }

    private func content(_ text: String) -> IssuerResponse { .content(Array(text.utf8), isOwn: false) }

    @Test("The documents match in any order of members and with any white space")
    func matches() {
        #expect(verdict() == .matches)
        #expect(verdict(keys: content(" " + text(.keys) + "\n")) == .matches)
        #expect(verdict(discovery: content("\n" + text(.discovery))) == .matches)
    }

    @Test("A key set without a key of the ring lacks its kid")
    func lacks() throws {
        let other = try IssuerDocuments.example(keys: [TestKeys.ec])
        #expect(verdict(keys: .content(other[.keys], isOwn: false)) == .lacksKeys([TestKeys.rsa.keyID]))
        #expect(verdict(keys: content(#"{"keys":[]}"#)) == .lacksKeys([TestKeys.rsa.keyID]))
    }

    @Test("A key with a kid of the ring and other parameters is another key")
    func swapped() {
        let kid = TestKeys.rsa.keyID.rawValue
        let foreign =
            #"{"keys":[{"kty":"EC","use":"sig","alg":"ES256","kid":"\#(kid)","crv":"P-256","#
            + #""x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#
        #expect(verdict(keys: content(foreign)) == .lacksKeys([TestKeys.rsa.keyID]))
    }

    @Test("A key set with an additional key differs, since another party could sign with it")
    func foreign() throws {
        let more = try IssuerDocuments.example(keys: [TestKeys.rsa, TestKeys.ec])
        guard case .differs = verdict(keys: .content(more[.keys], isOwn: false)) else {
            Issue.record("the verdict is not differs")
            return
        }
    }

    @Test("A discovery document with another issuer, or without one, differs")
    func discovery() {
        let other = text(.discovery).replacing("one.example.com", with: "two.example.com")
        #expect("\(verdict(discovery: content(other)))".contains("another value of issuer"))
        #expect("\(verdict(discovery: content("<html>")))".contains("not JSON"))
        #expect("\(verdict(keys: content("<html>")))".contains("not a key set"))
    }

    @Test("A response of the gateway itself is valid only without a publisher")
    func ownResponse() {
        let own = IssuerResponse.content(documents[.keys], isOwn: true)
        #expect(verdict(keys: own) == .ownResponse)
        #expect(verdict(keys: own, isPublished: false) == .matches)
    }

    @Test("A document that cannot be read is reported with its path and the reason")
    func unreachable() {
        #expect(verdict(keys: .failure("it answers 404")) == .unreachable("/certs: it answers 404"))
        #expect(
            verdict(discovery: .failure("no answer in time"))
                == .unreachable("/.well-known/openid-configuration: no answer in time"))
    }
}
