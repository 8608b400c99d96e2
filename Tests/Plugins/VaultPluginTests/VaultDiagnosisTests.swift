import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import VaultPlugin

@Suite("doctor's checks of a mount")
struct VaultDiagnosisTests {
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
            context: .example(transport: transport, environment: token.map { ["VAULT_TOKEN": $0] } ?? [:]))
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

    private static let canary = "canary-that-nobody-may-see"

    private func session(
        _ transport: ScriptedTransport, role: String = "reader", publish: JSONValue? = nil, settings: JSONValue? = nil
    ) async throws(ProvisioningError) -> RelyingPartySession? {
        try await VaultProvider.session(
            for: Self.canary, as: role,
            request: DiagnosisRequest(
                endpoint: ProvisioningRequest(
                    cluster: "test", name: "one", host: "issuer.example.com", path: "",
                    audiences: ["https://example.com"], owner: nil, publisherSubject: "publisher", settings: settings,
                    publish: publish), workload: nil), context: .example(transport: transport))
    }

    @Test("A login at the server of publish, else of settings, is a session with its policies and its end")
    func login() async throws {
        let answer = ScriptedTransport.Answer.answer(
            200, #"{"auth":{"client_token":"hvs.secret","policies":["default","read"],"lease_duration":600}}"#)
        let settings: JSONValue = ["address": "https://settings.example.com", "mount": "clusters", "namespace": "team"]
        for (publish, url) in [
            (nil, "https://settings.example.com/v1/auth/clusters/login"),
            (
                ["address": "https://vault.example.com:8200", "mount": "own"] as JSONValue?,
                "https://vault.example.com:8200/v1/auth/own/login"
            ),
        ] {
            let transport = ScriptedTransport(answer)
            let found = try await session(transport, publish: publish, settings: settings)
            #expect(
                found?.identity == "the role reader of auth/\(publish == nil ? "clusters" : "own") with the policies "
                    + #""default", "read""#)
            #expect(found?.expiration == Date(timeIntervalSince1970: 1_767_226_200))
            #expect(found?.credentials == "hvs.secret" && "\(found as Any)".contains("hvs") == false)
            let request = try #require(transport.requests.first)
            #expect(request.url == url && request.headers("X-Vault-Token") == [])
            #expect(try JSONValue(parsing: request.body) == ["role": "reader", "jwt": .string(Self.canary)])
        }
    }

    @Test("A rejected login has the server's reason and advice, and never the token")
    func rejected() async {
        let publish: JSONValue = ["address": "https://vault.example.com:8200"]
        for (answer, kind) in [
            (
                ScriptedTransport.Answer.answer(400, #"{"errors":["invalid \#(Self.canary)"]}"#),
                ProvisioningError.Kind.permanent
            ),
            (.answer(503, "{}"), .transient), (.failure(.timedOut), .transient), (.answer(200, "{}"), .permanent),
        ] {
            let error = await #expect(throws: ProvisioningError.self) {
                try await session(ScriptedTransport(answer), publish: publish)
            }
            #expect(error?.kind == kind && error?.description.contains(Self.canary) == false)
        }
        for (role, publish) in [("../sys", publish as JSONValue?), ("reader", nil)] {
            await #expect(throws: ProvisioningError.self) {
                try await session(ScriptedTransport(.answer(200, "{}")), role: role, publish: publish)
            }
        }
    }
}
