import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport

extension AuditRecord {
    static let sampleTime = ExampleEndpoint.now.addingTimeInterval(0.25)

    static func sampleRequest(_ route: CallRoute = .token) -> Request {
        Request(id: "00ff00ff00ff00ff", endpoint: "one", route: route, remoteAddress: "192.0.2.1")
    }

    static func sample(
        _ outcome: Outcome, _ route: CallRoute = .token, policy: AccessPolicy? = nil,
        usesAPIServerAudience: Bool = false
    ) throws -> AuditRecord {
        var request = sampleRequest(route)
        request.usesAPIServerAudience = usesAPIServerAudience
        return AuditRecord(
            outcome, of: request,
            policy: try policy ?? AccessPolicy(rules: [AccessRule(scope: "filter", constraint: "(namespace=default)")]),
            at: sampleTime, latency: .microseconds(1234))
    }

    /// The token of an exchange with the example endpoint.
    static func sampleToken() async throws -> IssuedToken {
        let configuration = try ExampleEndpoint.configuration()
        let exchange = TokenExchange(
            configuration: configuration, reviewer: FakeTokenReviewer(.success(.authenticated(.serviceAccount()))),
            keys: try ExampleEndpoint.keys(configuration), signatures: FakeSignatures())
        let subject = try SubjectToken(parsing: TestCluster(key: TestKeys.ec).token(at: ExampleEndpoint.now))
        return try await exchange.exchange(
            TokenExchangeRequest(wire: .tokenExchange, subjectToken: subject), at: ExampleEndpoint.now,
            tokenID: TokenID(rawValue: "AAAAAAAAAAAAAAAAAAAAAA"))
    }

    static let sampleIdentity = WorkloadIdentity(
        cluster: "test", namespace: "shop", serviceAccount: .init(name: "web", uid: nil), pod: nil, node: nil,
        groups: ["system:serviceaccounts"], credentialID: nil)

    /// A record of every kind of response.
    static func samples() async throws -> [AuditRecord] {
        let errors: [TokenExchangeError] =
            SubjectTokenRejection.allCases.map(TokenExchangeError.invalidSubjectToken) + [
                .deniedByPolicy(sampleIdentity), .invalidTarget, .unissuable("too long", sampleIdentity),
                .reviewUnavailable(retryAfter: 1, reason: "no \"answer\"\n"), .noSigningKey(retryAfter: 5),
                .tooManyCalls(CallRefusal(.serviceAccount, retryAfter: 1), sampleIdentity),
            ]
        return try errors.map { try sample(.refused($0), .tokenUser) } + [
            try sample(.issued(try await sampleToken()), usesAPIServerAudience: true),
            try sample(.allowed(sampleIdentity, rule: 0), .signingCertificate),
            try sample(.allowed(sampleIdentity, rule: 7), .signingCertificate),
            try sample(.malformed(OAuthError(.invalidTarget, wire: .bearer))),
            try sample(.limited(CallRefusal(.source, retryAfter: 1))),
            try sample(.failed(reason: "CancellationError")),
        ]
    }
}
