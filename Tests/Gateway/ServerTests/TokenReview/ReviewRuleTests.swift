import FakeKubernetesAPI
import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JSON
import Testing

@testable import GatewayCore

/// Every rule of a TokenReview, from a Pod's token to the issued one.
@Suite(.hangs) struct ReviewRuleTests {
    @Test(arguments: [ReviewedCluster.Access.inCluster, .kubeconfig])
    func `a Pod's token for the endpoint's audience is exchanged, in the cluster and by a kubeconfig`(
        _ access: ReviewedCluster.Access
    ) async throws {
        try await ReviewedCluster.run(access: access) { cluster async throws in
            let token = try cluster.api.token(audiences: ["one.test.svc"])
            #expect(try await cluster.exchange(token) == ReviewedCluster.web)
            let review = try #require(cluster.api.requests.last { $0.path == ReviewedCluster.reviews })
            #expect(review.body.contains(#""audiences":["one.test.svc"]"#))
        }
    }

    @Test func `the identity is that of the review: ServiceAccount, Pod and node with their uids`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            let token = try cluster.api.token(audiences: ["one.test.svc"])
            let exchange = try #require(cluster.exchanges["one"])
            let request = TokenExchangeRequest(wire: .tokenExchange, subjectToken: try SubjectToken(parsing: token))
            let issued = try await exchange.exchange(
                request, at: cluster.clock.now, tokenID: TokenID(randomBits: (1, 2)))
            func uid(_ object: JSONValue?) -> String? {
                if case .string(let uid)? = object?["metadata"]?["uid"] { uid } else { nil }
            }
            let api = cluster.api
            #expect(issued.identity.serviceAccount.name == "web")
            #expect(
                issued.identity.serviceAccount.uid
                    == uid(api.object(.serviceAccounts, namespace: "default", name: "web")))
            #expect(issued.identity.pod?.name == "web-0")
            #expect(issued.identity.pod?.uid == uid(api.object(.pods, namespace: "default", name: "web-0")))
            #expect(issued.identity.node?.name == "node-1")
            #expect(issued.identity.node?.uid == uid(api.object(.nodes, name: "node-1")))
            #expect(issued.identity.credentialID?.hasPrefix("JTI=") == true)
            #expect(issued.identity.groups.contains("system:serviceaccounts:default"))
        }
    }

    enum Wrong: String, CaseIterable {
        case deletedPod, podOfSameName, podLongDeleted, deletedAccount, accountOfSameName
    }

    @Test(arguments: Wrong.allCases)
    func `the objects of a token must exist, which only the API server knows`(_ wrong: Wrong) async throws {
        try await ReviewedCluster.run { cluster async throws in
            let api = cluster.api
            let token = try api.token(audiences: ["one.test.svc"])
            switch wrong {
            case .deletedPod: try api.delete(.pods, namespace: "default", name: "web-0")
            case .podOfSameName:
                try api.delete(.pods, namespace: "default", name: "web-0")
                try api.addWorkload()
            case .podLongDeleted:
                try api.beginDeletion(.pods, namespace: "default", name: "web-0")
                cluster.clock.advance(by: 61)
            case .deletedAccount: try api.delete(.serviceAccounts, namespace: "default", name: "web")
            case .accountOfSameName:
                try api.delete(.serviceAccounts, namespace: "default", name: "web")
                try api.addServiceAccount("web", namespace: "default")
            }
            #expect(try await cluster.exchange(token) == .invalid(.unauthenticated))
            #expect(cluster.reviewCount == 1)
        }
    }

    @Test func `a token is valid until its expiration and the API server's leeway of a minute`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            let token = try cluster.api.token(audiences: ["one.test.svc"])
            cluster.clock.advance(by: 3599)
            #expect(try await cluster.exchange(token) == ReviewedCluster.web)
            cluster.clock.advance(by: 59)
            #expect(try await cluster.exchange(token) == ReviewedCluster.web)
            cluster.clock.advance(by: 2)
            #expect(try await cluster.exchange(token) == .invalid(.expired))
            #expect(cluster.reviewCount == 2)
        }
    }

    @Test func `a token of a removed cluster key is rejected`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            let token = try cluster.api.token(audiences: ["one.test.svc"])
            cluster.api.rotateClusterKey(to: TestKeys.ec, keepsFormer: false)
            #expect(try await cluster.exchange(token) == .invalid(.unauthenticated))
        }
    }

    @Test func `a token signed with the cluster's new key is exchanged once a minute is over`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            let before = try cluster.api.token(audiences: ["one.test.svc"])
            #expect(try await cluster.exchange(before) == ReviewedCluster.web)
            cluster.api.rotateClusterKey(to: TestKeys.ec, keepsFormer: true)
            cluster.clock.advance(by: 61)
            let after = try cluster.api.token(audiences: ["one.test.svc"])
            #expect(try await cluster.exchange(after) == ReviewedCluster.web)
            #expect(try await cluster.exchange(before) == ReviewedCluster.web)
        }
    }

    @Test func `a token without a Pod is rejected where a Pod is required, and accepted elsewhere`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            let token = try cluster.api.token(pod: nil, audiences: ["one.test.svc"])
            #expect(try await cluster.exchange(token) == .invalid(.withoutPod))
            #expect(try await cluster.exchange(token, at: "podless") == ReviewedCluster.web)
            // Both use one review.
            #expect(cluster.reviewCount == 1)
        }
    }

    @Test func `the API server's audience is accepted on the bearer wire only, and there only with a Pod`()
        async throws
    {
        try await ReviewedCluster.run { cluster async throws in
            let ofPod = try cluster.api.token(audiences: [])
            #expect(try await cluster.exchange(ofPod, at: "stock") == .invalid(.foreignAudience))
            #expect(cluster.reviewCount == 0)
            #expect(try await cluster.exchange(ofPod, at: "stock", wire: .bearer) == ReviewedCluster.web)
            let review = try #require(cluster.api.requests.last { $0.path == ReviewedCluster.reviews })
            #expect(!review.body.contains("audiences"))
            let podless = try cluster.api.token(pod: nil, audiences: [])
            #expect(try await cluster.exchange(podless, at: "stock", wire: .bearer) == .invalid(.withoutPod))
            // An endpoint that does not accept it rejects it on this wire, too.
            #expect(try await cluster.exchange(ofPod, at: "one", wire: .bearer) == .invalid(.foreignAudience))
        }
    }

    @Test func `a token for another audience does not count as the API server's on the bearer wire`()
        async throws
    {
        try await ReviewedCluster.run { cluster async throws in
            let token = try cluster.api.token(audiences: ["elsewhere.test.svc"])
            #expect(try await cluster.exchange(token, at: "stock", wire: .bearer) == .invalid(.unauthenticated))
        }
    }

    @Test func `a review that is positive for one endpoint never admits at another`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            let one = try cluster.api.token(audiences: ["one.test.svc"])
            #expect(try await cluster.exchange(one) == ReviewedCluster.web)
            // Another audience: no review.
            #expect(try await cluster.exchange(one, at: "two") == .invalid(.foreignAudience))
            #expect(try await cluster.exchange(one, at: "two", wire: .bearer) == .invalid(.foreignAudience))
            // The same audience and other rules: the review is shared, not the decision.
            #expect(try await cluster.exchange(one, at: "strict") == .denied)
            #expect(cluster.reviewCount == 1)
            // The API server's audience, where it is accepted: another review, which rejects the token.
            #expect(try await cluster.exchange(one, at: "stock", wire: .bearer) == .invalid(.unauthenticated))
            #expect(cluster.reviewCount == 2)

            let both = try cluster.api.token(audiences: ["one.test.svc", "two.test.svc"])
            #expect(try await cluster.exchange(both) == ReviewedCluster.web)
            #expect(try await cluster.exchange(both, at: "two") == ReviewedCluster.web)
            #expect(cluster.reviewCount == 4)
        }
    }

    @Test func `a user that is not a ServiceAccount is rejected, with any name`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            for name in [
                "jane", "system:serviceaccount:default", "system:serviceaccount:a:b:c", "system:serviceaccount:A_:b",
            ] {
                let token = try cluster.api.token(audiences: ["one.test.svc"], lifetime: 600 + name.utf8.count)
                cluster.api.fail(
                    .reply(
                        201,
                        body: """
                            {"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{"authenticated":true,
                            "user":{"username":"\(name)"},"audiences":["one.test.svc"]}}
                            """), path: ReviewedCluster.reviews)
                #expect(try await cluster.exchange(token) == .invalid(.notServiceAccount))
            }
        }
    }

    @Test func `a review without an audience, or with another one, is rejected`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            for (index, audiences) in ["[]", #"["two.test.svc"]"#].enumerated() {
                let token = try cluster.api.token(audiences: ["one.test.svc"], lifetime: 700 + index)
                cluster.api.fail(
                    .reply(
                        201,
                        body: """
                            {"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{"authenticated":true,
                            "user":{"username":"system:serviceaccount:default:web"},"audiences":\(audiences)}}
                            """), path: ReviewedCluster.reviews)
                #expect(try await cluster.exchange(token) == .invalid(.foreignAudience))
            }
        }
    }
}
