import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import OIDCPlugin

@Suite("doctor's checks of a token endpoint")
struct OIDCDiagnosisTests {
    private static let canary = "canary-that-nobody-may-see"
    private static let url = "https://reports.example.com/oauth/token"

    private func request(_ url: String? = url) -> DiagnosisRequest {
        DiagnosisRequest(
            endpoint: ProvisioningRequest(
                cluster: "test", name: "reports", host: "issuer.example.com", path: "",
                audiences: ["https://reports.example.com"], owner: nil, publisherSubject: "publisher",
                settings: url.map { ["tokenEndpoint": .string($0)] }, publish: nil), workload: nil)
    }

    private func status(_ answer: ScriptedTransport.Answer, _ url: String? = url) async
        -> RelyingPartyFinding.Status?
    {
        let found = await OIDCProvider.diagnosis(
            for: request(url), context: .example(transport: ScriptedTransport(answer)))
        #expect(found.allSatisfy { $0.hasAdvice }, "each finding says what to do")
        return found.last?.status
    }

    @Test("A token endpoint answers an empty request with an error of OAuth")
    func endpoint() async {
        #expect(await status(.answer(400, #"{"error":"invalid_request"}"#)) == .ok)
        #expect(await status(.answer(401, #"{"error":"invalid_client"}"#)) == .ok)
        #expect(await status(.answer(404, "not found")) == .failed(.setting))
        #expect(await status(.answer(200, "<html>")) == .failed(.setting))
        #expect(await status(.failure(.timedOut)) == .notChecked)
        #expect(await status(.answer(200), nil) == .notChecked)
    }

    private func session(_ answer: ScriptedTransport.Answer, _ url: String? = url) async throws -> RelyingPartySession?
    {
        try await OIDCProvider.session(
            for: Self.canary, as: "", request: request(url), context: .example(transport: ScriptedTransport(answer)))
    }

    @Test("A token is exchanged where an endpoint is configured")
    func exchange() async throws {
        let found = try await session(.answer(200, #"{"access_token":"secret-access","expires_in":60}"#))
        #expect(found?.identity == "a token of \(Self.url)")
        #expect(found?.expiration == Date(timeIntervalSince1970: 1_767_225_660))
        #expect(found?.credentials.contains("secret-access") == true)
        #expect(try await session(.answer(200), nil)?.identity == nil)
        let error = await #expect(throws: ProvisioningError.self) {
            try await session(.answer(400, #"{"error":"invalid_grant","error_description":"unknown issuer"}"#))
        }
        #expect(error?.message.contains("unknown issuer") == true && error?.advice != nil)
        await #expect(throws: ProvisioningError.self) { try await session(.answer(200, "{}")) }
        await #expect(throws: ProvisioningError.self) { try await session(.failure(.timedOut)) }
    }

    @Test(
        "The URL of the token endpoint is checked at the start",
        arguments: [
            ("https://a.example.com/token", true), ("http://127.0.0.1:8080/token", true),
            ("http://a.example.com/", false),
            ("https://", false), ("https://a.example.com/?x=1", false), ("https://user@a.example.com/", false),
        ])
    func settings(_ url: String, _ isValid: Bool) throws {
        let endpoint = try #require(Endpoint.example(audiences: ["https://reports.example.com"]))
        let error: SettingsErrors?
        do throws(SettingsErrors) {
            _ = try OIDCProvider(endpoint: endpoint, settings: .init(tokenEndpoint: url), context: .silent)
            error = nil
        } catch let caught {
            error = caught
        }
        #expect((error == nil) == isValid)
    }
}
