import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import GranaryPlugin

@Suite("doctor's checks of Granary")
struct GranaryDiagnosisTests {
    private struct NoIssuer: ProvisionedIssuer {
        func isKnown(host: String, publish: JSONValue) {}
        func staleDocuments(host: String, publish: JSONValue) async -> [String] { [] }
        func publishDocuments(host: String, publish: JSONValue) async {}
        func servingProblem(host: String, publish: JSONValue) async -> String? { nil }
    }

    private let request = DiagnosisRequest(
        endpoint: ProvisioningRequest(
            cluster: "test", name: "granary", host: "issuer.example.com", path: "/shop",
            audiences: ["https://granary.example"], owner: nil, publisherSubject: "publisher",
            settings: ["tenant": "mill"], publish: nil),
        workload: DiagnosisRequest.Workload(
            namespace: "shop", serviceAccountName: "web", subject: "test:shop:web", annotation: "harvest/reader"))

    private func context(_ transport: ScriptedTransport, token: String? = "administrator") -> ProvisioningContext {
        let parts = PublisherContext.example()
        return ProvisioningContext(
            logger: parts.logger, transport: transport, now: parts.now, sleep: parts.sleep,
            environment: { $0 == "GRANARY_TOKEN" ? token : nil }, files: parts.files, issuer: NoIssuer())
    }

    private func status(_ answer: ScriptedTransport.Answer) async -> RelyingPartyFinding.Status? {
        await GranaryProvider.diagnosis(for: request, context: context(ScriptedTransport(answer))).first?.status
    }

    @Test("The tenant must trust issuer and audience")
    func findings() async {
        func issuers(_ url: String, _ audience: String) -> ScriptedTransport.Answer {
            .answer(200, #"{"issuers":[{"url":"\#(url)","audience":"\#(audience)"}]}"#)
        }
        #expect(await status(issuers("https://issuer.example.com/shop", "https://granary.example")) == .ok)
        #expect(await status(issuers("https://issuer.example.com", "https://granary.example")) == .failed(.issuer))
        #expect(await status(issuers("https://issuer.example.com/shop", "other")) == .failed(.audience))
        #expect(await status(.answer(404)) == .failed(.identity))
        #expect(await status(.answer(403)) == .notChecked)
        #expect(await status(.failure(.timedOut)) == .notChecked)
        let without = await GranaryProvider.diagnosis(for: request, context: context(ScriptedTransport(), token: nil))
        #expect(without.map(\.status) == [.notChecked])
    }

    @Test("An exchange is reduced to the role; neither the token nor the key is in a text")
    func exchange() async throws {
        func session(_ answer: ScriptedTransport.Answer) async throws -> RelyingPartySession? {
            try await GranaryProvider.session(
                for: "secret-token", as: "harvest/reader", request: request,
                context: context(ScriptedTransport(answer)))
        }
        let found = try #require(try await session(.answer(200, #"{"key":"secret-key"}"#)))
        #expect(found.credentials == "secret-key" && "\(found)" == "harvest/reader")
        let error = await #expect(throws: ProvisioningError.self) { try await session(.answer(403, "secret-token")) }
        #expect(error.map { "\($0)".contains("secret") } == false && error?.advice != nil)
    }
}
