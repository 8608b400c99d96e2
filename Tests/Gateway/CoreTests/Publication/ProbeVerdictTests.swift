import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import Testing

@Suite("What the public URL serves")
struct ProbeVerdictTests {
    private let documents: IssuerDocuments

    init() throws { documents = try .example() }

    private func verdict(
        keys: IssuerAnswer? = nil, discovery: IssuerAnswer? = nil, isPublished: Bool = true
    ) -> ProbeVerdict {
        ProbeVerdict(
            [
                .keys: keys ?? .content(documents[.keys], isOwn: false),
                .discovery: discovery ?? .content(documents[.discovery], isOwn: false),
            ], expected: documents, isPublished: isPublished)
    }

    private func text(_ kind: IssuerDocumentKind) -> String { String(decoding: documents[kind], as: UTF8.self) }

    private func content(_ text: String) -> IssuerAnswer { .content(Array(text.utf8), isOwn: false) }

    @Test("The documents themselves match, and so do the same members in other clothes")
    func matches() {
        #expect(verdict() == .matches)
        #expect(verdict(keys: content(" " + text(.keys) + "\n")) == .matches)
        #expect(verdict(discovery: content("\n" + text(.discovery))) == .matches)
    }

    @Test("A key set without one of ours lacks it, by its kid")
    func lacks() throws {
        let other = try IssuerDocuments.example(keys: [TestKeys.ec])
        #expect(verdict(keys: .content(other[.keys], isOwn: false)) == .lacksKeys([TestKeys.rsa.keyID]))
        #expect(verdict(keys: content(#"{"keys":[]}"#)) == .lacksKeys([TestKeys.rsa.keyID]))
    }

    @Test("A key with our kid and another's parameters is not ours")
    func swapped() {
        let kid = TestKeys.rsa.keyID.rawValue
        let foreign =
            #"{"keys":[{"kty":"EC","use":"sig","alg":"ES256","kid":"\#(kid)","crv":"P-256","#
            + #""x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#
        #expect(verdict(keys: content(foreign)) == .lacksKeys([TestKeys.rsa.keyID]))
    }

    @Test("A key more than ours differs: somebody else could sign with it")
    func foreign() throws {
        let more = try IssuerDocuments.example(keys: [TestKeys.rsa, TestKeys.ec])
        guard case .differs = verdict(keys: .content(more[.keys], isOwn: false)) else {
            Issue.record("it does not differ")
            return
        }
    }

    @Test("A discovery document with another issuer, or none at all, differs")
    func discovery() {
        let other = text(.discovery).replacing("one.example.com", with: "two.example.com")
        #expect("\(verdict(discovery: content(other)))".contains("another issuer"))
        #expect("\(verdict(discovery: content("<html>")))".contains("not JSON"))
        #expect("\(verdict(keys: content("<html>")))".contains("no key set"))
    }

    @Test("An answer of the gateway itself counts only where nothing else is to publish")
    func ownAnswer() {
        let own = IssuerAnswer.content(documents[.keys], isOwn: true)
        #expect(verdict(keys: own) == .ownAnswer)
        #expect(verdict(keys: own, isPublished: false) == .matches)
    }

    @Test("What cannot be read says which document and why")
    func unreachable() {
        #expect(verdict(keys: .failure("it answers 404")) == .unreachable("/certs: it answers 404"))
        #expect(
            verdict(discovery: .failure("no answer in time"))
                == .unreachable("/.well-known/openid-configuration: no answer in time"))
    }
}
