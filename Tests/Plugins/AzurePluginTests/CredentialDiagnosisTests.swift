import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import AzurePlugin

@Suite("doctor's checks of federated credentials")
struct CredentialDiagnosisTests {
    private let entra = EntraInMemory()

    private static let subject = "production:myns:web"
    private static let canary = "canary-that-nobody-may-see"
    private static let check = "federated credential"

    init() { setCredentials(to: [Self.credential()]) }

    private static func credential(
        _ name: String = "web", issuer: String = "https://issuer.example.com/azure", subject: String? = subject,
        audience: String = "api://AzureADTokenExchange"
    ) -> JSONValue {
        [
            "name": .string(name), "issuer": .string(issuer), "subject": subject.map(JSONValue.string) ?? .null,
            "audiences": [.string(audience)],
        ]
    }

    private func setCredentials(to credentials: [JSONValue]) {
        entra.state.identities[EntraInMemory.app] = .init(credentials: credentials)
    }

    private func request(
        annotation: String? = EntraInMemory.application, options: [String: String] = [:], subject: String = subject,
        isForWorkload: Bool = true
    ) -> DiagnosisRequest {
        DiagnosisRequest(
            endpoint: ProvisioningRequest(
                cluster: "production", name: "azure", host: "issuer.example.com", path: "/azure",
                audiences: ["api://AzureADTokenExchange"], owner: nil, publisherSubject: "publisher",
                settings: ["tenant": .string(EntraInMemory.tenant)], publish: nil),
            workload: isForWorkload
                ? .init(
                    namespace: "myns", serviceAccountName: "web", subject: subject, annotation: annotation,
                    options: options) : nil)
    }

    private func context(
        secret: String = "secret", transport: ScriptedTransport? = nil
    ) -> ProvisioningContext {
        .example(
            transport: transport ?? entra.transport,
            environment: ["AZURE_CLIENT_ID": EntraInMemory.application, "AZURE_CLIENT_SECRET": secret])
    }

    private func findings(_ request: DiagnosisRequest? = nil, secret: String = "secret") async -> [RelyingPartyFinding]
    {
        await AzureProvider.diagnosis(for: request ?? self.request(), context: context(secret: secret))
    }

    private func finding(_ check: String, _ request: DiagnosisRequest? = nil) async -> RelyingPartyFinding? {
        let found = await findings(request)
        #expect(found.allSatisfy { $0.status == .ok || $0.advice?.isEmpty == false }, "each finding says what to do")
        return found.first { $0.check == check }
    }

    @Test("All is well for an app registration and for a managed identity, and nothing is written")
    func healthy() async {
        #expect(await findings().map(\.status) == [.ok, .ok, .ok, .ok])
        let path = EntraInMemory.managed("web")
        entra.state.identities[path] = .init(credentials: [
            ["name": "web", "properties": Self.credential().setting(nil, at: "name")]
        ])
        entra.setPrincipal([
            "servicePrincipalType": "ManagedIdentity", "alternativeNames": ["isExplicit=True", .string(path)],
        ])
        #expect(await findings().map(\.status) == [.ok, .ok, .ok, .ok])
        entra.setPrincipal(["servicePrincipalType": "ManagedIdentity", "alternativeNames": ["isExplicit=False", "/x"]])
        #expect(await finding("client")?.status == .failed(.identity), "a system-assigned identity")
        #expect(entra.takeWrites() == [])
    }

    @Test("Issuer, subject and audience are compared exactly, and what is similar is named")
    func trust() async {
        setCredentials(to: [Self.credential(issuer: "https://issuer.example.com/azure/")])
        let issuer = await finding(Self.check)
        #expect(issuer?.status == .failed(.issuer))
        #expect(issuer?.cause.contains("has https://issuer.example.com/azure/") == true)
        setCredentials(to: [Self.credential(subject: "Production:myns:web")])
        let subject = await finding(Self.check)
        #expect(subject?.status == .failed(.workload))
        #expect(subject?.cause.contains("has Production:myns:web") == true)
        setCredentials(to: [Self.credential(audience: "another")])
        #expect(await finding(Self.check)?.status == .failed(.audience))
        setCredentials(to: [Self.credential(subject: nil)])
        #expect(await finding(Self.check)?.status == .notChecked, "an expression")
        setCredentials(to: [])
        #expect(await finding(Self.check)?.status == .failed(.issuer))
    }

    @Test("18 of 20 credentials are a warning", arguments: [(17, false), (18, true), (20, true)])
    func number(_ count: Int, _ isWarning: Bool) async {
        setCredentials(
            to: [Self.credential()] + (1..<count).map { Self.credential("other-\($0)", subject: "other:\($0)") })
        let found = await finding("number of credentials")
        #expect(found?.status == (isWarning ? .warning(.setting) : .ok))
        #expect(found?.cause.contains("\(count) of 20") == true)
    }

    @Test("A client that is missing, disabled, malformed or of another tenant is named")
    func client() async {
        #expect(await finding("client", request(annotation: "web"))?.status == .failed(.identity))
        #expect(await finding("client", request(annotation: nil))?.status == .failed(.identity))
        entra.setPrincipal(["accountEnabled": false])
        #expect(await finding("client")?.status == .failed(.setting))
        entra.setPrincipal(nil)
        #expect(await finding("client")?.status == .failed(.identity))
        let other = request(options: ["tenant": "6f1e2d3c-0000-4000-8000-000000000000"])
        #expect(await finding("client", other)?.status == .notChecked)
        #expect(await findings(request(options: ["tenant": "x"])).map(\.status) == [.notChecked])
    }

    @Test("A subject that is too long for Entra is named; without a workload no credential is compared")
    func length() async {
        let long = request(subject: String(repeating: "x", count: 601))
        #expect(await finding("subject", long)?.status == .failed(.issuer))
        #expect(await findings(request(isForWorkload: false)).map(\.status) == [.ok, .notChecked])
    }

    @Test("Without usable credentials nothing is checked, and the secret is not quoted")
    func unreadable() async {
        let found = await findings(secret: Self.canary)
        #expect(found.map(\.status) == [.ok, .notChecked])
        #expect(found.allSatisfy { !$0.cause.contains(Self.canary) })
    }

    @Test("What a service quotes of a request is shown without the secret and the token")
    func quotations() async {
        let quoting = ScriptedTransport { request in
            let text = JSONValue.string(request.text + (request.headers("Authorization").first ?? "")).text
            return .answer(400, #"{"error":"invalid_client","error_description":\#(text)}"#)
        }
        let found = await AzureProvider.diagnosis(
            for: request(), context: context(secret: Self.canary, transport: quoting))
        #expect(found.last?.cause.contains("client_secret=[removed]") == true, "\(found)")
        let error = await #expect(throws: ProvisioningError.self) {
            try await AzureProvider.session(
                for: Self.canary, as: EntraInMemory.application, request: request(),
                context: context(transport: quoting))
        }
        #expect(error.map { "\($0)".contains("client_assertion=[removed]") } == true)
        for text in found.map(\.cause) + [error?.description ?? ""] { #expect(!text.contains(Self.canary)) }
    }

    private func session(
        _ answer: ScriptedTransport.Answer, as identity: String = EntraInMemory.application
    ) async throws -> RelyingPartySession? {
        try await AzureProvider.session(
            for: Self.canary, as: identity, request: request(),
            context: context(transport: ScriptedTransport { _ in answer }))
    }

    @Test("An exchange is reduced to the client; the codes of Entra have advice")
    func exchange() async throws {
        let found = try await session(.answer(200, #"{"access_token":"secret-access","expires_in":3599}"#))
        #expect(found?.identity == "the client \(EntraInMemory.application) of the tenant \(EntraInMemory.tenant)")
        #expect(
            found?.credentials.contains("secret-access") == true && found.map { "\($0)".contains("secret") } == false)
        for (code, advice) in [
            ("AADSTS700211", "no federated credential has the token's issuer"),
            ("AADSTS700212", "no federated credential has the token's audience"),
            ("AADSTS700213", "no federated credential has the token's subject"),
            ("AADSTS700016", "not in this tenant"), ("AADSTS7000229", "az ad sp create"),
            ("AADSTS5000819", "does not know the key"), ("AADSTS999999", "compare issuer, subject and audience"),
        ] {
            let body = #"{"error":"invalid_request","error_description":"\#(code): A reason.\r\nTrace ID: x"}"#
            let error = await #expect(throws: ProvisioningError.self) { try await session(.answer(400, body)) }
            #expect(error?.message.hasSuffix("\(code): A reason.") == true, "\(String(describing: error))")
            #expect(error?.advice?.contains(advice) == true, "\(String(describing: error))")
            #expect(error.map { "\($0)".contains(Self.canary) } == false)
        }
        await #expect(throws: ProvisioningError.self) { try await session(.answer(200), as: "web") }
    }
}
