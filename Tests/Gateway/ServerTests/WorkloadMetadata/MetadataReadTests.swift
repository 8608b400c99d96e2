import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JSON
import Testing

@testable import GatewayServer

/// Rules by labels and annotations, from a Pod's token to the issued one.
@Suite(.hangs) struct MetadataReadTests {
    private static let namespace = "/api/v1/namespaces/default"
    private static let account = "/api/v1/namespaces/default/serviceaccounts/web"
    private let ours = ["one.test.svc"]

    private func label(_ cluster: ReviewedCluster, team: JSONValue) throws {
        try cluster.api.patch(
            .namespaces, name: "default", ["metadata": ["labels": ["example.com/team": team]]])
    }

    @Test func `an endpoint whose rules name no label reads nothing`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            #expect(try await cluster.exchange(cluster.api.token(audiences: ours)) == ReviewedCluster.web)
            #expect(cluster.api.requestCount(Self.namespace) == 0)
            #expect(cluster.api.requestCount(Self.account) == 0)
        }
    }

    @Test func `a namespace label allows its Pods, is cached for ten seconds and then read again`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            let token = try cluster.api.token(audiences: ours)
            #expect(try await cluster.exchange(token, at: "team") == .denied)
            try label(cluster, team: "blue")
            cluster.clock.advance(by: 9.9)
            #expect(try await cluster.exchange(token, at: "team") == .denied)
            #expect(cluster.api.requestCount(Self.namespace) == 1)
            cluster.clock.advance(by: 0.2)
            #expect(try await cluster.exchange(token, at: "team") == ReviewedCluster.web)
            #expect(cluster.api.requestCount(Self.namespace) == 2)
            #expect(cluster.api.requestCount(Self.account) == 0)
            try label(cluster, team: .null)
            cluster.clock.advance(by: 10.1)
            #expect(try await cluster.exchange(token, at: "team") == .denied)
        }
    }

    @Test func `labels and annotations of the ServiceAccount decide, from one read`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            let token = try cluster.api.token(audiences: ours)
            #expect(try await cluster.exchange(token, at: "account") == .denied)
            try cluster.api.patch(
                .serviceAccounts, namespace: "default", name: "web", ["metadata": ["labels": ["tier": "gold"]]])
            cluster.clock.advance(by: 10.1)
            #expect(try await cluster.exchange(token, at: "account") == ReviewedCluster.web)
            #expect(cluster.api.requestCount(Self.account) == 2)
            #expect(cluster.api.requestCount(Self.namespace) == 0)
            try cluster.api.patch(
                .serviceAccounts, namespace: "default", name: "web",
                ["metadata": ["annotations": ["example.com/frozen": "yes"]]])
            cluster.clock.advance(by: 10.1)
            #expect(try await cluster.exchange(token, at: "account") == .denied)
        }
    }

    @Test(
        arguments: [
            (Fault.status(429, retryAfter: 7), 7), (.status(500), nil), (.notJSON, nil), (.reply(200, body: "{}"), nil),
            (.reply(404, body: "not here"), nil), (.oversized(bytes: 3_000_000), nil), (.cut(afterBytes: 20), nil),
        ] as [(Fault, Int?)])
    func `a failed read is 503 with Retry-After, not an absent label, and is not cached`(
        _ fault: Fault, _ retryAfter: Int?
    ) async throws {
        try await ReviewedCluster.run { cluster async throws in
            try label(cluster, team: "blue")
            cluster.api.fail(fault, next: 2, path: Self.namespace)
            let token = try cluster.api.token(audiences: ours)
            let outcome = try await cluster.exchange(token, at: "team")
            guard case .unavailable(let seconds) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect((1...60).contains(seconds))
            if let retryAfter { #expect(seconds == retryAfter) }
            cluster.api.clearFaults()
            #expect(try await cluster.exchange(token, at: "team") == ReviewedCluster.web)
        }
    }

    @Test(arguments: [("team", "namespaces"), ("account", "serviceaccounts")])
    func `a read that is forbidden is 503, and the log says which right is missing`(
        _ endpoint: String, _ resource: String
    ) async throws {
        try await ReviewedCluster.run { cluster async throws in
            cluster.api.deny("get", resource)
            let request = TokenExchangeRequest(
                wire: .tokenExchange, subjectToken: try SubjectToken(parsing: cluster.api.token(audiences: ours)))
            let exchange = try #require(cluster.exchanges[endpoint])
            let error = await #expect(throws: TokenExchangeError.self) {
                try await exchange.authorize(request, at: cluster.clock.now)
            }
            guard case .reviewUnavailable(retryAfter: 30, let reason) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason.contains("verb get on \(resource)"))
        }
    }

    @Test func `a ServiceAccount that is deleted or created again is not authenticated while its review is cached`()
        async throws
    {
        try await ReviewedCluster.run { cluster async throws in
            let token = try cluster.api.token(audiences: ours)
            #expect(try await cluster.exchange(token) == ReviewedCluster.web)
            try cluster.api.delete(.serviceAccounts, namespace: "default", name: "web")
            #expect(try await cluster.exchange(token, at: "account") == .invalid(.workloadGone))
            try cluster.api.addServiceAccount("web", namespace: "default", labels: ["tier": "gold"])
            #expect(try await cluster.exchange(token, at: "account") == .invalid(.workloadGone))
            #expect(cluster.reviewCount == 1)
        }
    }

    @Test func `a deleted namespace does not authenticate`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            let token = try cluster.api.token(audiences: ours)
            let gone = #"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}"#
            cluster.api.fail(.reply(404, body: gone), path: Self.namespace)
            #expect(try await cluster.exchange(token, at: "team") == .invalid(.workloadGone))
            // Not cached.
            #expect(try await cluster.exchange(token, at: "team") == .denied)
        }
    }
}
