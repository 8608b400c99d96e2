import FakeKubernetesAPI
import Foundation
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import JSON
import NIOHTTP1
import Testing

@Suite(.hangs) struct TokenCallTests {
    static let now = Date(timeIntervalSince1970: 1_778_251_200)
    private let ours = "sts-gateway.test.svc"

    private func review(_ token: String, _ audiences: [String] = [], _ client: APIClient) async throws -> JSONValue {
        var spec: [JSONValue.Member] = [.init("token", .string(token))]
        if !audiences.isEmpty { spec.append(.init("audiences", .array(audiences.map(JSONValue.string)))) }
        let answer = try await client.send(.POST, FakeKubernetesAPI.tokenReviews, ["spec": .object(spec)])
        #expect(answer.status == 201)
        let review = try answer.json
        #expect(review.text("kind") == "TokenReview")
        return try #require(review["status"])
    }

    @Test func `a Pod's token is reviewed with its user, groups, uid, extras and the common audiences`() async throws {
        try await APIClient.run { (api, client) async throws in
            try api.addWorkload()
            let status = try await review(
                try api.token(audiences: [ours, "other"]), [ours, "third"], client)
            #expect(status["authenticated"] == true)
            #expect(status["audiences"] == [.string(ours)])
            let user = try #require(status["user"])
            #expect(user.text("username") == "system:serviceaccount:default:web")
            #expect(
                user["groups"] == ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"])
            let account = api.object(.serviceAccounts, namespace: "default", name: "web")
            #expect(user.text("uid") == account?.text("metadata", "uid"))
            let extra = try #require(user["extra"])
            let pod = api.object(.pods, namespace: "default", name: "web-0")
            let node = api.object(.nodes, name: "node-1")
            let domain = "authentication.kubernetes.io"
            #expect(extra["\(domain)/pod-name"] == ["web-0"])
            #expect(extra["\(domain)/pod-uid"] == [.string(pod?.text("metadata", "uid") ?? "")])
            #expect(extra["\(domain)/node-name"] == ["node-1"])
            #expect(extra["\(domain)/node-uid"] == [.string(node?.text("metadata", "uid") ?? "")])
            guard case .array(let identifiers)? = extra["\(domain)/credential-id"],
                case .string(let identifier)? = identifiers.first
            else {
                Issue.record("no credential-id")
                return
            }
            #expect(identifier.hasPrefix("JTI="))
        }
    }

    @Test(
        arguments: [
            // The token's audiences, the requested ones (empty: none), those in the status (nil: not authenticated).
            (["a"], ["a"], ["a"]), (["a", "b"], ["b"], ["b"]), (["a", "b"], ["b", "a"], ["a", "b"]),
            (["a"], ["b"], nil),
            ([TestCluster.defaultIssuer], [], [TestCluster.defaultIssuer]), (["a"], [], nil),
            (["a", TestCluster.defaultIssuer], [], [TestCluster.defaultIssuer]),
            ([TestCluster.defaultIssuer], ["a"], nil),
        ] as [([String], [String], [String]?)])
    func `status.audiences are those in common, and none in common is not authenticated`(
        _ token: [String], _ asked: [String], _ expected: [String]?
    ) async throws {
        try await APIClient.run { (api, client) async throws in
            try api.addWorkload()
            let status = try await review(try api.token(audiences: token), asked, client)
            if let expected {
                #expect(status["authenticated"] == true)
                #expect(status["audiences"] == .array(expected.map(JSONValue.string)))
            } else {
                #expect(status["authenticated"] != true)
                #expect(status["audiences"] == nil)
                #expect(status.text("error")?.contains("is invalid for the target audiences") == true)
            }
        }
    }

    enum Wrong: String, CaseIterable {
        case deletedPod, otherPod, podLongDeleted, deletedAccount, otherAccount, expired, notYetValid, foreignKey,
            foreignIssuer
        case nonsense
    }

    @Test(arguments: Wrong.allCases)
    func `what a token stands on must still be there`(_ wrong: Wrong) async throws {
        let clock = ManualClock(now: Self.now)
        try await APIClient.run(clock: { clock.now }) { (api, client) async throws in
            try api.addWorkload()
            var token = try api.token(audiences: [ours])
            #expect(try await review(token, [ours], client)["authenticated"] == true)
            let text: String
            switch wrong {
            case .deletedPod:
                try api.delete(.pods, namespace: "default", name: "web-0")
                text = "service account token has been invalidated"
            case .otherPod:
                try api.delete(.pods, namespace: "default", name: "web-0")
                try api.addPod("web-0", namespace: "default", serviceAccount: "web")
                text = "does not match service account pod ref claim"
            case .podLongDeleted:
                try api.beginDeletion(.pods, namespace: "default", name: "web-0")
                clock.advance(by: 59)
                #expect(try await review(token, [ours], client)["authenticated"] == true)
                clock.advance(by: 2)
                text = "service account token has been invalidated"
            case .deletedAccount:
                try api.delete(.serviceAccounts, namespace: "default", name: "web")
                text = #"serviceaccounts "web" not found"#
            case .otherAccount:
                try api.delete(.serviceAccounts, namespace: "default", name: "web")
                try api.addServiceAccount("web", namespace: "default")
                text = "does not match claim"
            case .expired:
                clock.advance(by: 3659)
                #expect(try await review(token, [ours], client)["authenticated"] == true)
                clock.advance(by: 2)
                text = "service account token has expired"
            case .notYetValid:
                clock.advance(by: -61)
                text = "service account token is not valid yet"
            case .foreignKey:
                token = try TestCluster(key: TestKeys.ec).token(at: Self.now)
                text = "invalid signature, no keys found"
            case .foreignIssuer:
                token = try TestCluster(key: TestKeys.rsa, issuer: "https://example.com").token(at: Self.now)
                text = "invalid bearer token"
            case .nonsense:
                token = "nonsense"
                text = "invalid bearer token"
            }
            let status = try await review(token, [ours], client)
            #expect(status["authenticated"] != true)
            #expect(status.text("user", "username") == nil)
            #expect(status.text("error")?.contains(text) == true, "\(status.text("error") ?? "")")
        }
    }

    @Test func `a Pod's token outlives its node, a node's token does not`() async throws {
        try await APIClient.run { (api, client) async throws in
            try api.addWorkload()
            let ofPod = try api.token(audiences: [ours])
            let account = api.object(.serviceAccounts, namespace: "default", name: "web")
            let node = api.object(.nodes, name: "node-1")
            let ofNode = try api.forgedToken { claims in
                claims.pod = nil
                claims.serviceAccountUID = account?.text("metadata", "uid")
                claims.nodeUID = node?.text("metadata", "uid")
            }
            #expect(try await review(ofNode, [ours], client)["authenticated"] == true)
            try api.delete(.nodes, name: "node-1")
            #expect(try await review(ofPod, [ours], client)["authenticated"] == true)
            #expect(try await review(ofNode, [ours], client)["authenticated"] != true)
        }
    }

    @Test func `a review without a token is 400`() async throws {
        try await APIClient.run { (_, client) async throws in
            let answer = try await client.send(.POST, FakeKubernetesAPI.tokenReviews, ["spec": .object([])])
            #expect(answer.status == 400)
        }
    }

    @Test func `a TokenRequest returns a token with the requested audiences, lifetime and Pod`() async throws {
        try await APIClient.run(at: Self.now) { (api, client) async throws in
            try api.addWorkload()
            let path = APIResource.serviceAccounts.path(namespace: "default", name: "web") + "/token"
            let pod: JSONValue = ["kind": "Pod", "apiVersion": "v1", "name": "web-0"]
            let answer = try await client.send(
                .POST, path, ["spec": ["audiences": [.string(ours)], "expirationSeconds": 600, "boundObjectRef": pod]])
            #expect(answer.status == 201)
            let request = try answer.json
            #expect(request.text("status", "expirationTimestamp") == "2026-05-08T14:50:00Z")
            let jwt = try SignedJWT(parsing: try #require(request.text("status", "token")))
            try jwt.verify(with: api.keySet)
            let claims = try jwt.claims()
            #expect(claims.audiences == [ours])
            #expect(claims.expiration == Self.now.timeIntervalSince1970 + 600)
            let bound = try JSONDecoder().decode(JSONValue.self, from: Data(jwt.payload))["kubernetes.io"]
            #expect(bound?.text("pod", "name") == "web-0")
            #expect(bound?.text("node", "name") == "node-1")

            #expect(try await client.send(.POST, path, ["spec": ["expirationSeconds": 599]]).status == 422)
            let other: JSONValue = ["kind": "Pod", "name": "web-0", "uid": "other"]
            #expect(try await client.send(.POST, path, ["spec": ["boundObjectRef": other]]).status == 409)
            let missing: JSONValue = ["kind": "Pod", "name": "web-1"]
            #expect(try await client.send(.POST, path, ["spec": ["boundObjectRef": missing]]).status == 404)
            try api.addPod("stranger", namespace: "default")
            let stranger: JSONValue = ["kind": "Pod", "name": "stranger"]
            #expect(try await client.send(.POST, path, ["spec": ["boundObjectRef": stranger]]).status == 400)
        }
    }

    @Test func `the key set and the discovery document are those of the tokens, before and after a rotation`()
        async throws
    {
        try await APIClient.run { (api, client) async throws in
            try api.addWorkload()
            let before = try api.token(audiences: [ours])
            api.rotateClusterKey(to: TestKeys.ec, keepsFormer: true)
            let after = try api.token(audiences: [ours])
            let document = try await client.get("/.well-known/openid-configuration").json
            #expect(document.text("issuer") == TestCluster.defaultIssuer)
            #expect(document.text("jwks_uri") == "\(api.url)\(FakeKubernetesAPI.jwks)")
            let answer = try await client.get(FakeKubernetesAPI.jwks)
            #expect(answer.headers.first(name: "Content-Type") == "application/jwk-set+json")
            let keys = try JSONWebKeySet(parsing: answer.body)
            for token in [before, after] {
                try SignedJWT(parsing: token).verify(with: keys)
                #expect(try await review(token, [ours], client)["authenticated"] == true)
            }
            api.rotateClusterKey(to: TestKeys.ec, keepsFormer: false)
            #expect(try await review(before, [ours], client)["authenticated"] != true)
        }
    }
}
