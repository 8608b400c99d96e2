import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import VaultPlugin

@Suite("doctor's checks of a mount")
struct VaultDiagnosisTests {
    private struct NoIssuer: ProvisionedIssuer {
        func isKnown(host: String, publish: JSONValue) {}
        func staleDocuments(host: String, publish: JSONValue) async -> [String] { [] }
        func publishDocuments(host: String, publish: JSONValue) async {}
        func servingProblem(host: String, publish: JSONValue) async -> String? { nil }
    }

    private func findings(
        _ answers: [ScriptedTransport.Answer], annotation: String? = "reader", token: String? = "root"
    ) async -> [RelyingPartyFinding] {
        let left = Answers(answers)
        let transport = ScriptedTransport { _ in await left.next() }
        let request = DiagnosisRequest(
            endpoint: ProvisioningRequest(
                cluster: "test", name: "one", host: "issuer.example.com", path: "", audiences: ["https://example.com"],
                owner: nil, publisherSubject: "publisher", settings: nil,
                publish: ["address": "https://vault.example.com:8200"]),
            workload: .init(
                namespace: "default", serviceAccountName: "web", subject: "test:default:web", annotation: annotation))
        return await VaultProvider.diagnosis(
            for: request,
            context: ProvisioningContext(
                logger: PluginContext.silent.logger, transport: transport, now: { .distantPast },
                sleep: { (_) throws(PublishError) in }, environment: { $0 == "VAULT_TOKEN" ? token : nil },
                files: FilesInMemory(), issuer: NoIssuer()))
    }

    private actor Answers {
        private var left: [ScriptedTransport.Answer]
        init(_ answers: [ScriptedTransport.Answer]) { left = answers }
        func next() -> ScriptedTransport.Answer { left.isEmpty ? .answer(500) : left.removeFirst() }
    }

    private func status(_ role: String) async -> RelyingPartyFinding.Status? {
        await findings([.answer(200, #"{"data":{"type":"jwt"}}"#), .answer(200, #"{"data":\#(role)}"#)]).last?.status
    }

    @Test("A role is compared with audience and subject")
    func roles() async {
        let audience = #""bound_audiences":["https://example.com"]"#
        #expect(await status(#"{\#(audience),"bound_subject":"test:default:web"}"#) == .ok)
        #expect(await status(#"{"bound_audiences":["other"],"bound_subject":"x"}"#) == .failed(.audience))
        #expect(await status(#"{\#(audience),"bound_subject":"test:default:other"}"#) == .failed(.workload))
        #expect(await status(#"{\#(audience),"bound_claims":{"namespace":"default"}}"#) == .ok)
        #expect(await status(#"{\#(audience)}"#) == .warning(.wide))
    }

    @Test("A missing mount or role is a failure; without a token nothing is checked")
    func missing() async {
        #expect(await findings([.answer(400)]).map(\.status) == [.failed(.issuer)])
        let mount = ScriptedTransport.Answer.answer(200, #"{"data":{"type":"jwt"}}"#)
        #expect(await findings([mount, .answer(404)]).map(\.status) == [.ok, .failed(.identity)])
        #expect(await findings([mount], annotation: "../sys").map(\.status) == [.ok, .failed(.identity)])
        #expect(await findings([], token: nil).map(\.status) == [.notChecked])
    }
}
