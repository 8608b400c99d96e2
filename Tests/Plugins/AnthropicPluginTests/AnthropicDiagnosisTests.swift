import GatewayPluginAPI
import GatewayPluginTesting
import JOSE
import JSON
import Testing

@testable import AnthropicPlugin

@Suite("doctor's checks of a federation issuer")
struct AnthropicDiagnosisTests {
    private static let canary = "admin"
    private static let publish: JSONValue = ["federationIssuer": "fdis_01abc", "tokenFile": "/token"]

    /// An issuer that holds one key.
    private let api: APIInMemory
    private let key: JSONWebKey

    init() throws {
        key = try SigningKey.generate(.es256).publicKey
        api = APIInMemory(jwks: ["type": "inline", "keys": [key.json]])
    }

    private func findings(
        publish: JSONValue? = publish, token: String? = canary, claims: JSONValue = ["iat": 1_000, "exp": 4_600],
        keyID: String? = nil,
        change: @escaping @Sendable (HTTPTransportRequest) -> ScriptedTransport.Answer? = { _ in nil }
    ) async -> [RelyingPartyFinding] {
        let request = DiagnosisRequest(
            endpoint: ProvisioningRequest(
                cluster: "test", name: "one", host: "issuer.example.com", path: "",
                audiences: ["https://api.anthropic.com"], owner: nil, publisherSubject: "publisher", settings: nil,
                publish: publish),
            workload: .init(
                namespace: "default", serviceAccountName: "web", subject: "test:default:web", annotation: nil,
                token: .init(keyID: keyID ?? key.keyID.rawValue, claims: claims)))
        let found = await AnthropicProvider.diagnosis(
            for: request,
            context: .example(
                transport: api.transport(change), environment: token.map { ["ANTHROPIC_AUTH_TOKEN": $0] } ?? [:]))
        #expect(found.allSatisfy { $0.hasAdvice }, "each finding says what to do")
        return found
    }

    private func status(_ check: String, keyID: String? = nil, claims: JSONValue = ["iat": 1_000, "exp": 4_600]) async
        -> RelyingPartyFinding.Status?
    {
        await findings(claims: claims, keyID: keyID).first { $0.check == check }?.status
    }

    private func set(_ value: JSONValue, at names: String...) {
        api.issuer =
            names.count == 1
            ? api.issuer.setting(value, at: names[0]) : api.issuer.setting(value, at: names[0], names[1])
    }

    @Test("An issuer that holds the key that signs is in order, and nothing is written")
    func inOrder() async {
        let before = api.issuer
        let found = await findings()
        #expect(found.map(\.status) == [.ok, .ok] && found.map(\.check) == ["federation issuer", "keys"])
        #expect(api.issuer == before && api.exchanges.isEmpty)
    }

    @Test("Another issuer URL, an archived issuer and one that does not exist are named")
    func issuer() async {
        set("https://issuer.example.com/", at: "issuer_url")
        #expect(await status("federation issuer") == .failed(.issuer))
        set("https://issuer.example.com", at: "issuer_url")
        set("2026-01-01T00:00:00Z", at: "archived_at")
        #expect(await status("federation issuer") == .failed(.setting))
        let absent = await findings { _ in .answer(404, APIInMemory.error("not_found_error")) }
        #expect(absent.map(\.status) == [.failed(.issuer)])
    }

    @Test("Keys that are missing, of another kind, or fetched are named")
    func keys() async {
        #expect(await status("keys", keyID: "another") == .failed(.issuer))
        set([], at: "jwks", "keys")
        #expect(await status("keys") == .failed(.issuer))
        set([key.json, ["kty": "oct"]], at: "jwks", "keys")
        #expect(await status("keys") == .failed(.setting))
        set("discovery", at: "jwks", "type")
        #expect(await status("keys") == .failed(.setting))
    }

    @Test("Tokens that live too long, and tokens that are accepted once only, are named")
    func tokens() async {
        #expect(await status("token lifetime", claims: ["iat": 1_000, "exp": 4_601]) == .failed(.setting))
        #expect(await status("token lifetime", claims: ["iat": .integer(Int.min), "exp": 1]) == nil)
        #expect(await status("jti", claims: ["jti": "once"]) == .warning(.setting))
        set(false, at: "check_jti")
        #expect(await status("jti", claims: ["jti": "once"]) == nil)
    }

    @Test("Without a token, a publish block or an answer nothing is checked, and the cause is named")
    func unread() async {
        #expect(await findings(token: nil).map(\.status) == [.notChecked])
        #expect(await findings(publish: nil).map(\.status) == [.notChecked])
        #expect(await findings(publish: ["federationIssuer": "no"]).map(\.status) == [.notChecked])
        let denied = await findings { _ in .answer(403, APIInMemory.error("permission_error")) }
        #expect(denied.map(\.status) == [.notChecked] && denied[0].advice?.contains("org:admin") == true)
        let away = await findings { _ in .failure(.timedOut) }
        #expect(away.map(\.status) == [.notChecked] && away[0].advice?.contains("network") == true)
    }

    @Test("What the API quotes of the token is not printed")
    func secrets() async {
        let token = "canary-that-nobody-may-see"
        for status in [400, 401, 403, 500] {
            let found = await findings(token: token) { _ in .answer(status, #"{"error":{"message":"\#(token)"}}"#) }
            #expect(!"\(found)".contains(token))
        }
    }
}
