import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("Token exchange")
struct TokenExchangeTests {
    let cluster = TestCluster(key: TestKeys.ec)
    let now = ExampleEndpoint.now
    let tokenID = TokenID(randomBits: (1, 2))

    private func exchange(
        _ adding: [JSONValue.Member] = [],
        answer: FakeTokenReviewer.Answer = .success(.authenticated(.serviceAccount())),
        keys: CurrentSigningKeys? = nil
    ) throws -> (TokenExchange, FakeTokenReviewer) {
        let configuration = try ExampleEndpoint.configuration(adding)
        let reviewer = FakeTokenReviewer(answer)
        let keys = try keys ?? ExampleEndpoint.keys(configuration)
        return (
            TokenExchange(configuration: configuration, reviewer: reviewer, keys: keys, signatures: FakeSignatures()),
            reviewer
        )
    }

    private func request(
        wire: TokenExchangeRequest.Wire = .tokenExchange, audience: String? = nil, resource: String? = nil,
        lifetime: Int? = nil, _ adjust: (inout TestCluster.Claims) -> Void = { _ in }
    ) throws -> TokenExchangeRequest {
        TokenExchangeRequest(
            wire: wire, subjectToken: try SubjectToken(parsing: try cluster.token(at: now, adjust)), audience: audience,
            resource: resource, lifetime: lifetime)
    }

    private struct Claims: Decodable {
        struct Object: Decodable, Equatable {
            let name: String
            let uid: String?
        }
        struct Kubernetes: Decodable {
            let namespace: String
            let node: Object?
            let pod: Object?
            let serviceaccount: Object
        }
        let iss: String
        let aud: String
        let sub: String
        let exp: Int
        let nbf: Int
        let iat: Int
        let jti: String
        let cluster: String
        let namespace: String
        let saname: String
        let kubernetes: Kubernetes
        let team: String?
        let pod: String?

        enum CodingKeys: String, CodingKey {
            case iss, aud, sub, exp, nbf, iat, jti, cluster, namespace, saname, team, pod
            case kubernetes = "kubernetes.io"
        }
    }

    private func claims(_ token: IssuedToken) throws -> Claims {
        try JSONDecoder().decode(Claims.self, from: Data(SignedJWT(parsing: token.compact).payload))
    }

    @Test("An allowed Pod gets a token with every claim of the contract, which the key set verifies")
    func issues() async throws {
        let (exchange, reviewer) = try exchange([
            .init("token", ["claims": ["team": "platform", "pod": ["attribute": "pod-name"]]])
        ])
        let issued = try await exchange.exchange(try request(), at: now, tokenID: tokenID)
        #expect(reviewer.asked == [["sts-gateway.test.svc"]])

        let jwt = try SignedJWT(parsing: issued.compact)
        try jwt.verify(with: JSONWebKeySet(keys: [TestKeys.rsa.publicKey]))
        #expect(jwt.header.type == "JWT")
        #expect(jwt.header.algorithm == .rs256)
        #expect(jwt.header.keyID == TestKeys.rsa.publicKey.parameters.thumbprint)

        let claims = try claims(issued)
        let seconds = Int(now.timeIntervalSince1970)
        #expect(claims.iss == "https://one.example.com")
        #expect(claims.aud == "https://example.com")
        #expect(claims.sub == "test:default:web")
        #expect(claims.exp == seconds + 900)
        #expect(claims.nbf == seconds - 60)
        #expect(claims.iat == seconds)
        #expect(claims.jti == tokenID.rawValue)
        #expect(claims.cluster == "test")
        #expect(claims.namespace == "default")
        #expect(claims.saname == "web")
        #expect(claims.kubernetes.namespace == "default")
        #expect(claims.kubernetes.pod == .init(name: "web-0", uid: "uid-of-web-0"))
        #expect(claims.kubernetes.node == .init(name: "node-1", uid: "uid-of-node-1"))
        #expect(claims.kubernetes.serviceaccount == .init(name: "web", uid: "uid-of-web"))
        #expect(claims.team == "platform")
        #expect(claims.pod == "web-0")
        #expect(issued.lifetime == 900)
        #expect(issued.subject == "test:default:web")
    }

    @Test(
        "A requested lifetime is limited to between a minute and the endpoint's ttl",
        arguments: [(nil, 900), (1, 60), (60, 60), (300, 300), (900, 900), (86_400, 900)] as [(Int?, Int)])
    func lifetime(wish: Int?, granted: Int) async throws {
        let (exchange, _) = try exchange()
        let issued = try await exchange.exchange(try request(lifetime: wish), at: now, tokenID: tokenID)
        #expect(issued.lifetime == granted)
        #expect(issued.expiration == now.addingTimeInterval(Double(granted)))
    }

    @Test("With capToSubject a token expires no later than the subject token")
    func capToSubject() async throws {
        let (exchange, _) = try exchange([.init("token", ["capToSubject": true])])
        let issued = try await exchange.exchange(try request { $0.lifetime = 120 }, at: now, tokenID: tokenID)
        #expect(issued.lifetime == 120)
    }

    @Test("audience and resource restrict aud to one of the endpoint's, and others are rejected")
    func targets() async throws {
        let (exchange, reviewer) = try exchange([.init("audience", ["https://example.com", "https://example.org"])])
        func audiences(_ audience: String?, _ resource: String?) async throws -> [String] {
            try await exchange.exchange(
                try request(audience: audience, resource: resource), at: now, tokenID: tokenID
            ).audiences
        }
        #expect(try await audiences(nil, nil) == ["https://example.com", "https://example.org"])
        #expect(try await audiences("https://example.org", nil) == ["https://example.org"])
        #expect(try await audiences(nil, "https://example.org") == ["https://example.org"])
        let reviews = reviewer.asked.count
        for (audience, resource) in [
            ("https://example.net", nil), (nil, "https://example.net"), ("https://example.com", "https://example.org"),
        ] as [(String?, String?)] {
            await #expect(throws: TokenExchangeError.invalidTarget) { try await audiences(audience, resource) }
        }
        #expect(reviewer.asked.count == reviews, "an invalid target causes no review")
    }

    @Test("audience and resource are compared by code units, not by canonical equivalence")
    func equivalentTargets() async throws {
        let (exchange, _) = try exchange([.init("audience", ["https://example.com/K"])])
        for (audience, resource) in [("https://example.com/\u{212A}", nil), (nil, "https://example.com/\u{212A}")]
            as [(String?, String?)]
        {
            await #expect(throws: TokenExchangeError.invalidTarget) {
                try await exchange.exchange(
                    try request(audience: audience, resource: resource), at: now, tokenID: tokenID)
            }
        }
    }

    @Test("An expired or foreign token is rejected before the review")
    func prechecks() async throws {
        let (exchange, reviewer) = try exchange()
        let rows: [(SubjectTokenRejection, (inout TestCluster.Claims) -> Void)] = [
            (.expired, { $0.issuedAt = self.now.addingTimeInterval(-7200) }),
            (.notYetValid, { $0.notBefore = self.now.addingTimeInterval(3600) }),
            (.foreignAudience, { $0.audiences = ["https://kubernetes.default.svc"] }),
            (.foreignAudience, { $0.audiences = [] }),
        ]
        for (refusal, adjust) in rows {
            await #expect(throws: TokenExchangeError.invalidSubjectToken(refusal)) {
                try await exchange.exchange(try request(adjust), at: now, tokenID: tokenID)
            }
        }
        #expect(reviewer.asked.isEmpty)
    }

    @Test(
        "The result of the review decides",
        arguments: [
            (.success(.unauthenticated(.unauthenticated)), .invalidSubjectToken(.unauthenticated)),
            (
                .success(.authenticated(.serviceAccount(audiences: []))), .invalidSubjectToken(.foreignAudience)
            ),
            (
                .success(.authenticated(.serviceAccount(audiences: ["other"]))), .invalidSubjectToken(.foreignAudience)
            ),
            (.success(.authenticated(.serviceAccount(pod: nil))), .invalidSubjectToken(.withoutPod)),
            (
                .failure(TokenReviewFailure(retryAfter: 7, reason: "away")),
                .reviewUnavailable(retryAfter: 7, reason: "away")
            ),
        ] as [(FakeTokenReviewer.Answer, TokenExchangeError)])
    func reviews(answer: FakeTokenReviewer.Answer, error: TokenExchangeError) async throws {
        let (exchange, _) = try exchange(answer: answer)
        await #expect(throws: error) { try await exchange.exchange(try request(), at: now, tokenID: tokenID) }
    }

    @Test(
        "A user that is not a ServiceAccount is rejected",
        arguments: [
            "", "admin", "system:serviceaccount", "system:serviceaccount:default", "system:serviceaccount:default:",
            "system:serviceaccount::web", "system:serviceaccount:default:web:extra", "system:node:node-1",
            "system:serviceaccount:Default:web", "system:serviceaccount:default:we b", "system:serviceaccount:a.b:web",
            "system:serviceaccount:-a:web", "System:serviceaccount:default:web", "system:serviceaccount:default:web\n",
        ])
    func usernames(username: String) async throws {
        let user = UserInfo(
            username: username, uid: nil, groups: [], extra: ["authentication.kubernetes.io/pod-name": ["web-0"]],
            audiences: ["sts-gateway.test.svc"])
        let (exchange, _) = try exchange(answer: .success(.authenticated(user)))
        await #expect(throws: TokenExchangeError.invalidSubjectToken(.notServiceAccount)) {
            try await exchange.exchange(try request(), at: now, tokenID: tokenID)
        }
    }

    @Test("A ServiceAccount without a matching rule is denied, and everyone without rules")
    func policy() async throws {
        let user = UserInfo.serviceAccount(namespace: "other")
        let (exchange, _) = try exchange(answer: .success(.authenticated(user)))
        await #expect(throws: TokenExchangeError.deniedByPolicy(try WorkloadIdentity(user, cluster: "test"))) {
            try await exchange.exchange(try request(), at: now, tokenID: tokenID)
        }
        let (closed, _) = try self.exchange([.init("azRules", [])])
        let identity = try WorkloadIdentity(.serviceAccount(), cluster: "test")
        await #expect(throws: TokenExchangeError.deniedByPolicy(identity)) {
            try await closed.exchange(try request(), at: now, tokenID: tokenID)
        }
    }

    @Test("requirePod: false accepts a token without a Pod")
    func withoutPod() async throws {
        let (exchange, _) = try exchange(
            [.init("subjectToken", ["audiences": ["sts-gateway.test.svc"], "requirePod": false])],
            answer: .success(.authenticated(.serviceAccount(pod: nil))))
        let issued = try await exchange.exchange(try request { $0.pod = nil }, at: now, tokenID: tokenID)
        #expect(issued.identity.pod == nil)
    }

    @Test(
        "acceptApiServerAudience applies to bearer requests only, reviews without audiences, and requires a Pod")
    func apiServerAudience() async throws {
        let accepting: [JSONValue.Member] = [
            .init(
                "subjectToken",
                ["audiences": ["sts-gateway.test.svc"], "acceptApiServerAudience": true, "requirePod": false])
        ]
        let foreign: (inout TestCluster.Claims) -> Void = { $0.audiences = ["https://kubernetes.default.svc"] }
        let user = UserInfo.serviceAccount(audiences: [])
        let (exchange, reviewer) = try exchange(accepting, answer: .success(.authenticated(user)))
        _ = try await exchange.exchange(try request(wire: .bearer, foreign), at: now, tokenID: tokenID)
        #expect(reviewer.asked == [nil])
        await #expect(throws: TokenExchangeError.invalidSubjectToken(.foreignAudience)) {
            try await exchange.exchange(try request(foreign), at: now, tokenID: tokenID)
        }
        reviewer.answer(.success(.authenticated(.serviceAccount(pod: nil, audiences: []))))
        await #expect(throws: TokenExchangeError.invalidSubjectToken(.withoutPod)) {
            try await exchange.exchange(try request(wire: .bearer, foreign), at: now, tokenID: tokenID)
        }
    }

    @Test("Without a readable key ring no token is issued")
    func noKey() async throws {
        let keys = CurrentSigningKeys(SigningKeySnapshot(failure: .unavailable("gone")))
        let (exchange, _) = try exchange(keys: keys)
        await #expect(throws: TokenExchangeError.noSigningKey(retryAfter: 5)) {
            try await exchange.exchange(try request(), at: now, tokenID: tokenID)
        }
    }

    @Test("A subject that is too long or reserved is not issued")
    func unissuable() async throws {
        let long = UserInfo.serviceAccount(name: String(repeating: "a", count: 253))
        let (exchange, _) = try exchange(answer: .success(.authenticated(long)))
        let identity = try WorkloadIdentity(long, cluster: "test")
        await #expect(
            throws: TokenExchangeError.unissuable("the subject is longer than the relying party accepts", identity)
        ) {
            try await exchange.exchange(try request(), at: now, tokenID: tokenID)
        }
    }

    @Test("Subject tokens and issued tokens are redacted")
    func secrets() async throws {
        let (exchange, _) = try exchange()
        let request = try request()
        let issued = try await exchange.exchange(request, at: now, tokenID: tokenID)
        var output = "\(request) \(issued) \(String(reflecting: request)) \(String(reflecting: issued))"
        dump(request, to: &output)
        dump(issued, to: &output)
        for token in [request.subjectToken.compact, issued.compact] {
            for part in token.split(separator: ".") { #expect(!output.contains(part)) }
        }
    }
}
