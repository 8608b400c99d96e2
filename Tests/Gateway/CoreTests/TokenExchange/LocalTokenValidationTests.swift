import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import Testing

@Suite("Local token validation")
struct LocalTokenValidationTests {
    let cluster = TestCluster(key: TestKeys.ec)
    let now = ExampleEndpoint.now
    let audiences = ["sts-gateway.test.svc"]

    private func review(
        audiences: [String]? = ["sts-gateway.test.svc"], by keys: JSONWebKeySet? = nil,
        _ adjust: (inout TestCluster.Claims) -> Void = { _ in }
    ) throws -> TokenReview {
        let token = try SubjectToken(parsing: try cluster.token(at: now, adjust))
        return LocalTokenValidation(keys: keys ?? cluster.keySet, issuer: cluster.issuer)
            .review(token, audiences: audiences, at: now)
    }

    @Test("A valid token's user is the same as the API server's")
    func authenticated() throws {
        let review = try review()
        guard case .authenticated(let user) = review else {
            Issue.record("\(review)")
            return
        }
        #expect(user.username == "system:serviceaccount:default:web")
        #expect(user.uid == "uid-of-web")
        #expect(user.groups == ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"])
        #expect(user.audiences == audiences)
        #expect(user.extra["authentication.kubernetes.io/pod-name"] == ["web-0"])
        #expect(user.extra["authentication.kubernetes.io/pod-uid"] == ["uid-of-web-0"])
        #expect(user.extra["authentication.kubernetes.io/node-name"] == ["node-1"])
        #expect(
            user.extra["authentication.kubernetes.io/credential-id"] == ["JTI=5b7ad8a0-93c4-4d5c-9f0a-0d5f4a6a7c11"])
    }

    @Test("Each kind of invalid token has its reason")
    func refusals() throws {
        let rows: [(SubjectTokenRejection, (inout TestCluster.Claims) -> Void)] = [
            (.unauthenticated, { $0.issuer = "https://elsewhere.example.com" }),
            (.expired, { $0.lifetime = -1 }),
            (.expired, { $0.lifetime = 0 }),
            (.notYetValid, { $0.notBefore = self.now.addingTimeInterval(60) }),
            (.foreignAudience, { $0.audiences = ["other"] }),
            (.notServiceAccount, { $0.subject = "admin" }),
            (.notServiceAccount, { $0.subject = "system:serviceaccount:kube-system:web" }),
        ]
        for (refusal, adjust) in rows { #expect(try review(adjust) == .unauthenticated(refusal)) }
    }

    @Test("A token that another key signed is rejected, with or without that key's ID in the set")
    func foreignKey() throws {
        let foreign = JSONWebKeySet(keys: [TestKeys.rsa.publicKey])
        #expect(try review(by: foreign) == .unauthenticated(.unauthenticated))
        let impostor = JSONWebKey(
            keyID: TestKeys.ec.keyID, algorithm: .es256,
            parameters: try SigningKey.generate(.es256).publicKey.parameters)
        #expect(try review(by: JSONWebKeySet(keys: [impostor])) == .unauthenticated(.unauthenticated))
    }

    @Test("Without audiences, the API server's audience is its issuer")
    func apiServerAudience() throws {
        #expect(try review(audiences: nil) == .unauthenticated(.foreignAudience))
        guard case .authenticated = try review(audiences: nil, { $0.audiences = [TestCluster.defaultIssuer] }) else {
            Issue.record("a token for the API server was refused")
            return
        }
    }
}
