import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Synchronization
import Testing

@testable import GCPPlugin

@Suite("doctor's checks of a workload identity pool")
struct PoolDiagnosisTests {
    private let google = GoogleInMemory()

    private static let account = "web-app@my-project-1.iam.gserviceaccount.com"
    private static let accountName = "projects/my-project-1/serviceAccounts/\(account)"
    private static let subject = "prod:shop:web"
    private static let principal = "principal://iam.googleapis.com/\(GoogleInMemory.pool)/subject/\(subject)"
    private static let canary = "canary-that-nobody-may-see"

    /// A pool, a provider and a service account without a fault.
    init() {
        google.set(GoogleInMemory.pool, ["name": .string(GoogleInMemory.pool), "state": "ACTIVE"])
        google.addProvider(keys: nil, ["attributeMapping": ["google.subject": "assertion.sub"]])
        google.set(Self.accountName, ["email": .string(Self.account)])
        bind(Self.principal)
    }

    private func bind(_ member: String, _ more: JSONValue.Member...) {
        let binding = JSONValue.object(
            [.init("role", .string(Grant.impersonation)), .init("members", [.string(member)])] + more)
        google.state.withLock { $0.policies[Self.accountName] = ["bindings": [binding]] }
    }

    private func change(_ value: JSONValue?, at path: String...) {
        google.state.withLock { state in
            let found = state.resources[GoogleInMemory.provider] ?? .object([])
            state.resources[GoogleInMemory.provider] =
                path.count == 1 ? found.setting(value, at: path[0]) : found.setting(value, at: path[0], path[1])
        }
    }

    private func request(
        annotation: String? = account, publish: JSONValue? = nil, token: DiagnosisRequest.Token? = nil,
        subject: String? = subject
    ) -> DiagnosisRequest {
        DiagnosisRequest(
            endpoint: ProvisioningRequest(
                cluster: "prod", name: "gcp", host: "issuer.example.com", path: "",
                audiences: ["https://iam.googleapis.com/" + GoogleInMemory.provider], owner: nil,
                publisherSubject: "publisher",
                settings: ["projectNumber": "123456789012", "pool": "clusters", "provider": "prod-one"],
                publish: publish),
            workload: subject.map {
                .init(namespace: "shop", serviceAccountName: "web", subject: $0, annotation: annotation, token: token)
            })
    }

    private func context(token: String? = "administrator") -> ProvisioningContext {
        .example(transport: google.transport, environment: token.map { ["CLOUDSDK_AUTH_ACCESS_TOKEN": $0] } ?? [:])
    }

    private func findings(_ request: DiagnosisRequest? = nil, token: String? = "administrator") async
        -> [RelyingPartyFinding]
    {
        await GCPProvider.diagnosis(for: request ?? self.request(), context: context(token: token))
    }

    private func status(_ check: String, _ request: DiagnosisRequest? = nil) async -> RelyingPartyFinding.Status? {
        let found = await findings(request)
        #expect(found.allSatisfy { $0.status == .ok || $0.advice?.isEmpty == false }, "each finding says what to do")
        return found.last { $0.check == check }?.status
    }

    @Test("All is well, and nothing is written")
    func healthy() async {
        let found = await findings()
        #expect(found.allSatisfy { $0.status == .ok }, "\(found)")
        #expect(found.map(\.check) == ["pool", "provider", "audience", "keys", "attribute mapping", "service account"])
        #expect(await findings(request(subject: nil)).map(\.status) == [.ok, .ok, .ok, .ok])
        #expect(google.state.withLock { $0.count } == 0)
    }

    @Test("A missing, deleted or disabled pool or provider is named")
    func state() async {
        google.set(GoogleInMemory.pool, ["state": "DELETED"])
        #expect(await status("pool") == .failed(.setting))
        google.set(GoogleInMemory.pool, ["state": "ACTIVE", "disabled": true])
        #expect(await status("pool") == .failed(.setting))
        google.set(GoogleInMemory.pool, nil)
        #expect(await status("pool") == .failed(.issuer))
        change("DELETED", at: "state")
        #expect(await status("provider") == .failed(.setting))
        change("ACTIVE", at: "state")
        change(true, at: "disabled")
        #expect(await findings().last?.advice?.contains("sts-gateway publish") == true, "it waits for its keys")
        change(#"{"keys":[]}"#, at: "oidc", "jwksJson")
        #expect(await status("provider") == .failed(.setting))
        #expect(await findings().last?.advice?.contains("enable it") == true)
        google.set(GoogleInMemory.provider, nil)
        #expect(await status("provider") == .failed(.issuer))
    }

    @Test("Issuer and audiences are compared exactly")
    func trust() async {
        change("https://issuer.example.com/", at: "oidc", "issuerUri")
        #expect(await status("provider") == .failed(.issuer))
        change(nil, at: "oidc")
        #expect(await status("provider") == .failed(.issuer))
        change(["issuerUri": "https://issuer.example.com", "allowedAudiences": ["other"]], at: "oidc")
        #expect(await status("audience") == .failed(.audience))
        change([.string("https://iam.googleapis.com/" + GoogleInMemory.provider)], at: "oidc", "allowedAudiences")
        #expect(await status("audience") == .ok)
    }

    @Test("Uploaded keys must be those that Google accepts, and include the one that signs")
    func keys() async {
        let handOver: JSONValue = ["projectNumber": "123456789012", "pool": "clusters", "provider": "prod-one"]
        #expect(await status("keys") == .ok, "the provider reads the documents")
        #expect(await status("keys", request(publish: handOver)) == .failed(.issuer), "no key was handed over")
        // RFC 7638 §3.1, with its thumbprint.
        let key = """
            {"kty":"RSA","alg":"RS256","use":"sig","kid":"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs","e":"AQAB","n":"0vx7ag\
            oebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W\
            -5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI\
            SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}
            """
        let kid = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        change(.string(#"{"keys":[\#(key)]}"#), at: "oidc", "jwksJson")
        func signed(by kid: String) -> DiagnosisRequest {
            request(publish: handOver, token: .init(keyID: kid, claims: ["sub": .string(Self.subject)]))
        }
        #expect(await status("keys", signed(by: kid)) == .ok)
        #expect(await status("keys", signed(by: "another")) == .failed(.issuer))
        change(.string(#"{"keys":[\#(key.dropLast()),"x5t":"x"}]}"#), at: "oidc", "jwksJson")
        #expect(await status("keys", signed(by: kid)) == .failed(.setting))
    }

    @Test("The subject's mapping must be known to bind it")
    func mapping() async {
        change(["attribute.a": "assertion.sub"], at: "attributeMapping")
        #expect(await status("attribute mapping") == .failed(.setting))
        change(["google.subject": "assertion.sub.lowerAscii()"], at: "attributeMapping")
        #expect(await status("attribute mapping") == .notChecked)
    }

    @Test(
        "The attribute condition is evaluated where it is simple",
        arguments: [
            (#"assertion.sub == "prod:shop:web""#, RelyingPartyFinding.Status.ok),
            (#"google.subject.startsWith("prod:") && attribute.namespace != 'x'"#, .ok),
            (#"!(assertion.namespace in ["shop", "cart"])"#, .failed(.workload)),
            (#"assertion.sub == 'other' || assertion.namespace == 'shop'"#, .ok),
            (#"assertion.sub.endsWith("other") && assertion.unknown == "x""#, .failed(.workload)),
            (#"assertion.unknown == "x""#, .notChecked), (#"assertion.sub.matches("p.*")"#, .notChecked),
            (#"assertion.sub == "prod:shop:web" ? true : false"#, .notChecked), (#"assertion.sub == "a"#, .notChecked),
            (String(repeating: "(", count: 10_000), .notChecked), (String(repeating: "!", count: 10_000), .notChecked),
        ])
    func condition(_ text: String, _ expected: RelyingPartyFinding.Status) async {
        change(.string(text), at: "attributeCondition")
        change(
            .object(ProviderStep.mapping.map { .init($0.key, .string($0.value)) }), at: "attributeMapping")
        let token = DiagnosisRequest.Token(
            keyID: "k", claims: ["sub": .string(Self.subject), "namespace": "shop", "groups": ["a"]])
        #expect(await status("attribute condition", request(token: token)) == expected)
    }

    @Test("The service account must exist, be in use, and bind the mapped subject")
    func serviceAccount() async {
        let check = "service account"
        bind("principal://iam.googleapis.com/\(GoogleInMemory.pool)/subject/prod:shop:other")
        #expect(await status(check) == .failed(.workload))
        bind("principalSet://iam.googleapis.com/\(GoogleInMemory.pool)/*")
        #expect(await status(check) == .warning(.wide))
        bind("principalSet://iam.googleapis.com/\(GoogleInMemory.pool)/attribute.namespace/shop")
        #expect(await status(check) == .failed(.workload), "the provider does not map the attribute")
        change(
            .object(ProviderStep.mapping.map { .init($0.key, .string($0.value)) }), at: "attributeMapping")
        let token = DiagnosisRequest.Token(
            keyID: "k", claims: ["sub": .string(Self.subject), "namespace": "shop"])
        #expect(await status(check, request(token: token)) == .warning(.wide))
        bind(Self.principal, .init("condition", ["expression": "request.time < x"]))
        #expect(await status(check) == .notChecked)
        google.set(Self.accountName, ["disabled": true])
        #expect(await status(check) == .failed(.setting))
        google.set(Self.accountName, nil)
        #expect(await status(check) == .failed(.identity))
        #expect(await status(check, request(annotation: "../keys")) == .failed(.identity))
        #expect(await status(check, request(annotation: nil)) == .notChecked, "direct access")
    }

    @Test("Without credentials, or without a permission, nothing is checked")
    func unreadable() async {
        #expect(await findings(token: nil).map(\.status) == [.notChecked])
        let denied = await findings(token: Self.canary)
        #expect(denied.map(\.status) == [.notChecked])
        #expect(denied.first?.cause.contains("needs iam.workloadIdentityPoolProviders.get") == true)
        #expect(denied.allSatisfy { !$0.cause.contains(Self.canary) })
    }

    private func session(as identity: String) async throws -> RelyingPartySession? {
        try await GCPProvider.session(for: Self.canary, as: identity, request: request(), context: context(token: nil))
    }

    @Test("An exchange needs no credentials; a rejection says why, and quotes no token")
    func exchange() async throws {
        google.state.withLock { state in
            state.tokens.insert("federated")
            state.exchangeAnswer = .answer(200, #"{"access_token":"federated","expires_in":3600}"#)
        }
        let direct = try await session(as: "")
        #expect(direct?.identity == Self.principal)
        let impersonated = try await session(as: Self.account)
        #expect(impersonated?.identity == Self.account)
        #expect(impersonated?.credentials.contains("impersonated") == true)
        #expect(impersonated.map { "\($0)".contains("impersonated") } == false)
        for (code, advice) in [
            ("unauthorized_client", "attribute condition"), ("invalid_target", "does not exist, or is disabled"),
            ("invalid_grant", "compare its issuer"),
        ] {
            google.state.withLock {
                $0.exchangeAnswer = .answer(400, #"{"error":"\#(code)","error_description":"no"}"#)
            }
            let error = await #expect(throws: ProvisioningError.self) { try await session(as: Self.account) }
            #expect(error?.message.contains(code) == true && error?.advice?.contains(advice) == true)
            #expect(error.map { "\($0)".contains(Self.canary) } == false)
        }
    }
}
