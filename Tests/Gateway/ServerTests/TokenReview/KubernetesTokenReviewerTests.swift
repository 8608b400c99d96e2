import FoundationEssentials
import GatewayCore
import GatewayPluginTesting
import GatewayTestSupport
import HTTPTypes
import JOSE
import JSON
import Kubernetes
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("The reviewer with TokenReview", .hangs)
struct KubernetesTokenReviewerTests {
    let clock = ManualClock(now: ExampleGateway.now)
    let events = KeptEvents()

    static let positive = #"""
        {"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{},"status":{"authenticated":true,
         "user":{"username":"system:serviceaccount:default:web","uid":"1","groups":["system:authenticated"]},
         "audiences":["sts-gateway.test.svc"]}}
        """#
    static let negative = #"""
        {"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{},
         "status":{"error":"invalid bearer token"}}
        """#

    /// A reviewer without cache and check, with a server that always returns one response.
    private func reviewing<Value: Sendable>(
        _ reply: LocalAPIServer.Reply,
        _ body: @Sendable (KubernetesTokenReviewer, LocalAPIServer) async throws -> Value
    ) async throws -> Value {
        try await LocalAPIServer.serving { _ in
            reply
        } _: { [clock, events] server in
            let folder = try server.serviceAccount()
            return try await server.client(folder, at: clock.now) { client in
                try await body(
                    KubernetesTokenReviewer(client: client, timeout: 5, observe: events.observer), server)
            }
        }
    }

    @Test("Token and audiences are sent, and user and audiences are read")
    func positive() async throws {
        let token = try SubjectToken.sample()
        try await reviewing(.init(status: 201, body: Self.positive)) { [clock] reviewer, server in
            let review = try await reviewer.review(token, audiences: ["a", "b"], at: clock.now)
            #expect(
                review
                    == .authenticated(
                        UserInfo(
                            username: "system:serviceaccount:default:web", uid: "1", groups: ["system:authenticated"],
                            extra: [:], audiences: ["sts-gateway.test.svc"])))
            #expect(server.requests.map(\.path) == ["/apis/authentication.k8s.io/v1/tokenreviews"])
            #expect(
                server.requests.first?.body
                    == TokenReviewMessage.request(token: token.compact, audiences: ["a", "b"]).text)
        }
        #expect(events.all == [.authenticated])
    }

    @Test("A token that the API server rejects is not authenticated")
    func negative() async throws {
        try await reviewing(.init(body: Self.negative)) { [clock] reviewer, _ in
            let review = try await reviewer.review(.sample(), audiences: nil, at: clock.now)
            #expect(review == .unauthenticated(.unauthenticated))
        }
        #expect(events.all == [.unauthenticated])
    }

    private static let failures: [(LocalAPIServer.Reply, Int, String)] = [
        (.init(status: 401), 10, "the gateway's token"), (.init(status: 403), 30, "system:auth-delegator"),
        (.init(status: 404), 30, "has no authentication.k8s.io/v1 TokenReview"), (.init(status: 429), 1, "(429)"),
        (.init(status: 429, headers: [.retryAfter: "9"]), 9, "(429)"),
        (.init(status: 429, headers: [.retryAfter: "0"]), 1, "(429)"),
        (.init(status: 503, headers: [.retryAfter: "3600"]), 60, "(503)"), (.init(status: 500), 5, "(500)"),
        (.init(status: 302, headers: [.location: "/"]), 30, "with 302"), (.init(status: 422), 30, "with 422"),
        (.init(status: 200, body: "{}"), 5, "not a TokenReview"),
        (.init(status: 201, body: "<html>"), 5, "not a TokenReview"),
    ]

    @Test(
        "Everything else is a failure with a reason and Retry-After, and without a part of the token",
        arguments: failures.indices)
    func failure(index: Int) async throws {
        var (reply, retryAfter, words) = Self.failures[index]
        let token = try SubjectToken.sample()
        if reply.body.isEmpty { reply.body = #"{"kind":"Status","message":"refused \#(token.compact)"}"# }
        let failure = try await reviewing(reply) { [clock] reviewer, _ in
            do throws(TokenReviewFailure) {
                _ = try await reviewer.review(token, audiences: nil, at: clock.now)
                return nil as TokenReviewFailure?
            } catch {
                return error
            }
        }
        #expect(failure?.retryAfter == retryAfter)
        #expect(failure?.reason.contains(words) == true, "\(failure?.reason ?? "")")
        #expect(failure?.reason.contains(token.compact.prefix(20)) == false)
        #expect(events.all == [.failed])
    }

    @Test(
        "Forged tokens are rejected by the key check, repeated ones are cached, and the keys are loaded once"
    )
    func whole() async throws {
        let keys = TestCluster(key: TestKeys.ec).keySet.json.text
        let token = try SubjectToken.sample()
        try await LocalAPIServer.serving { request in
            request.path == "/openid/v1/jwks" ? .init(body: keys) : .init(status: 201, body: Self.positive)
        } _: { [clock, events] server in
            let folder = try server.serviceAccount()
            let (reviewer, _, services, _) = try KubernetesTokenReviewer.make(
                kubeconfig: nil, environment: server.environment, serviceAccountFolder: folder.path, at: clock.now,
                connection: .patient, scheduler: TestScheduler().scheduler, logger: RecordedJSONLog().logger,
                observe: events.observer)
            try await LocalAPIServer.running(services) {
                for _ in 0..<3 {
                    let review = try await reviewer.review(token, audiences: ["a"], at: clock.now)
                    guard case .authenticated = review else { throw CancellationError() }
                }
                #expect(
                    try await reviewer.review(token.forged(), audiences: ["a"], at: clock.now)
                        == .unauthenticated(.unauthenticated))
            }
            #expect(server.requests.map(\.path) == ["/openid/v1/jwks", TokenReviewMessage.path])
            #expect(server.requests.first?.accept == "application/jwk-set+json, application/json")
        }
        #expect(
            events.all == [
                .cacheMiss, .authenticated, .cacheHit, .cacheHit, .precheckForged,
            ])
    }

    @Test("Without permission to read the keys the API server decides")
    func unreadableKeys() async throws {
        try await LocalAPIServer.serving { request in
            request.path == "/openid/v1/jwks" ? .init(status: 403) : .init(status: 201, body: Self.negative)
        } _: { [clock, events] server in
            let folder = try server.serviceAccount()
            let (reviewer, _, services, _) = try KubernetesTokenReviewer.make(
                kubeconfig: nil, environment: server.environment, serviceAccountFolder: folder.path, at: clock.now,
                connection: .patient, scheduler: TestScheduler().scheduler, logger: RecordedJSONLog().logger,
                observe: events.observer)
            try await LocalAPIServer.running(services) {
                for pod in ["a", "b"] {
                    let review = try await reviewer.review(.sample(pod: pod), audiences: ["a"], at: clock.now)
                    #expect(review == .unauthenticated(.unauthenticated))
                }
            }
            let review = TokenReviewMessage.path
            #expect(server.requests.map(\.path) == ["/openid/v1/jwks", "/readyz", review, review])
            #expect(events.count(.precheckSkipped) == 2)
        }
    }
}
