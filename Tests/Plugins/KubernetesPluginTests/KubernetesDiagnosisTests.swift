import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import KubernetesPlugin

@Suite("doctor's checks of another API server")
struct KubernetesDiagnosisTests {
    private static let canary = "canary-that-nobody-may-see"
    private static let check = "AuthenticationConfiguration"
    private static let version = ScriptedTransport.Answer.answer(200, #"{"gitVersion":"v1.34.0"}"#)

    /// As `provision kubernetes --output configuration` prints it.
    private static let file: JSONValue = [
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration",
        "jwt": [
            [
                "issuer": ["url": "https://issuer.example.com/staging", "audiences": ["https://api.example.com"]],
                "claimValidationRules": [["claim": "cluster", "requiredValue": "prod"]],
                "claimMappings": ["username": ["claim": "sub", "prefix": "sts:"]],
            ]
        ],
    ]

    private func request(_ file: JSONValue? = file, settings: [JSONValue.Member] = []) -> DiagnosisRequest {
        DiagnosisRequest(
            endpoint: ProvisioningRequest(
                cluster: "prod", name: "staging", host: "issuer.example.com", path: "/staging",
                audiences: ["https://api.example.com"], owner: nil, publisherSubject: "publisher",
                settings: .object([.init("server", "https://api.example.com:6443")] + settings), publish: nil),
            workload: .init(
                namespace: "myns", serviceAccountName: "web", subject: "prod:myns:web", annotation: nil,
                token: .init(keyID: "k", claims: ["sub": "prod:myns:web", "exp": 1_800_000_000])),
            configuration: file)
    }

    private func findings(
        _ request: DiagnosisRequest, _ answer: ScriptedTransport.Answer = version
    ) async -> [RelyingPartyFinding] {
        let found = await KubernetesProvider.diagnosis(
            for: request, context: .example(transport: ScriptedTransport(answer)))
        #expect(found.allSatisfy { $0.hasAdvice }, "each finding says what to do")
        return found
    }

    private func statuses(of element: JSONValue, settings: [JSONValue.Member] = []) async
        -> [RelyingPartyFinding.Status]
    {
        await findings(request(Self.file.setting([element], at: "jwt"), settings: settings)).dropFirst().map(\.status)
    }

    private var element: JSONValue { Self.file["jwt"]?.elementList?.first ?? .null }

    @Test("The server must answer as an API server does")
    func reachability() async {
        #expect(await findings(request()).map(\.status) == [.ok, .ok])
        #expect(await findings(request(), .answer(401)).first?.status == .ok)
        #expect(await findings(request(), .answer(200, "<html>")).first?.status == .failed(.setting))
        #expect(await findings(request(), .failure(.timedOut)).first?.status == .notChecked)
        let without = await findings(request(nil)).last
        #expect(without?.status == .notChecked && without?.cause.contains("--relying-party-config") == true)
    }

    @Test("Each difference of the file is named")
    func file() async {
        #expect(
            await statuses(of: element.setting("https://issuer.example.com/staging/", at: "issuer", "url")) == [
                .failed(.issuer)
            ])
        #expect(await statuses(of: element.setting(["other"], at: "issuer", "audiences")) == [.failed(.audience)])
        #expect(
            await statuses(
                of: element.setting("https://a/.well-known/openid-configuration", at: "issuer", "discoveryURL")) == [
                    .failed(.setting)
                ])
        #expect(await statuses(of: element.setting("PEM", at: "issuer", "certificateAuthority")) == [.failed(.setting)])
        #expect(
            await statuses(of: element.setting("other:", at: "claimMappings", "username", "prefix")) == [
                .failed(.workload)
            ])
        #expect(
            await statuses(of: element.setting("email", at: "claimMappings", "username", "claim")) == [
                .failed(.workload)
            ])
        #expect(
            await statuses(of: element.setting(["expression": "claims.sub"], at: "claimMappings", "username")) == [
                .notChecked
            ])
        #expect(await statuses(of: element, settings: [.init("groupsClaim", "groups")]) == [.failed(.workload)])
        #expect(
            await statuses(
                of: element.setting([["claim": "cluster", "requiredValue": "other"]], at: "claimValidationRules")) == [
                    .failed(.workload)
                ])
        #expect(await statuses(of: element.setting(nil, at: "claimValidationRules")) == [.warning(.wide)])
        let more: JSONValue = [
            ["claim": "cluster", "requiredValue": "prod"], ["claim": "team", "requiredValue": "a"],
        ]
        #expect(await statuses(of: element.setting(more, at: "claimValidationRules")) == [.failed(.workload)])
        #expect(
            await findings(request(Self.file.setting([element, element], at: "jwt"))).last?.status == .failed(.setting))
        #expect(await findings(request(["kind": "Config"])).last?.status == .failed(.setting))
    }

    private func session(_ answer: ScriptedTransport.Answer) async throws -> RelyingPartySession? {
        let transport = ScriptedTransport(answer)
        let found = try await KubernetesProvider.session(
            for: Self.canary, as: "", request: request(), context: .example(transport: transport))
        #expect(
            transport.calls == ["POST https://api.example.com:6443/apis/authentication.k8s.io/v1/selfsubjectreviews"])
        #expect(transport.requests.first?.headers("Authorization") == ["Bearer \(Self.canary)"])
        return found
    }

    @Test("The API server says who the token's user is")
    func exchange() async throws {
        func user(_ name: String) -> ScriptedTransport.Answer {
            .answer(201, #"{"status":{"userInfo":{"username":"\#(name)"}}}"#)
        }
        let found = try await session(user("sts:prod:myns:web"))
        #expect(found?.identity == "the user sts:prod:myns:web")
        #expect(found?.expiration == Date(timeIntervalSince1970: 1_800_000_000))
        #expect(found?.credentials.contains(#""kind":"ExecCredential""#) == true)
        #expect(try await session(user("other"))?.identity == "the user other, expected sts:prod:myns:web")
        for (answer, text) in [
            (ScriptedTransport.Answer.answer(401), "does not accept the token"),
            (.answer(403, #"{"message":"User \"u\" cannot create"}"#), "the token is accepted"),
            (.answer(404), "older than Kubernetes 1.28"), (.answer(500), "status 500"),
            (.answer(201, "{}"), "has no user"), (.failure(.timedOut), "no answer in time"),
        ] {
            let error = await #expect(throws: ProvisioningError.self) { try await session(answer) }
            #expect(error?.message.contains(text) == true && error?.advice != nil, "\(String(describing: error))")
        }
    }
}
