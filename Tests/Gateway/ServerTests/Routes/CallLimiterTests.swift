import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import HTTPTypes
import JSON
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("Limits of token calls at the token listener")
struct CallLimiterTests {
    let time = TestScheduler(isImpatient: true)
    let gateway: ExampleGateway
    let responder: GatewayResponder

    init() throws {
        let gateway = try ExampleGateway()
        self.gateway = gateway
        let calls = CallLimits(
            serviceAccount: RateLimit(perSecond: 1, burst: 2), rejected: RateLimit(perSecond: 1, burst: 3),
            total: RateLimit(perSecond: 100, burst: 100), trackedCallers: 16)
        let limiter = CallLimiter(calls, scheduler: time.scheduler)
        let keySet = gateway.cluster.keySet
        let cache = KeySetCache(maximumAge: 300, minimumInterval: 60) { () throws(TokenReviewFailure) in keySet }
        let reviewer = LocalTokenReviewer(keys: cache, issuer: gateway.cluster.issuer) { _ in }
        let endpoints = gateway.endpoints.map {
            MountedEndpoint(
                configuration: $0.configuration, keys: $0.keys, reviewer: reviewer,
                signatures: FakeSignatures(), limits: limiter)
        }
        responder = GatewayResponder(
            table: .tokens(endpoints, caBundle: { "" }, limiter: limiter, clock: { ExampleGateway.now }),
            maximumBodyBytes: 65_536,
            decisions: DecisionReporting(
                metrics: gateway.metrics, audit: gateway.audit, clock: { ExampleGateway.now }),
            logger: gateway.log.logger)
    }

    private func call(_ token: String, endpoint: String = "one") async throws -> ExampleGateway.Answer {
        try await gateway.send(
            .post, "/\(endpoint)/token", headers: [.contentType: "application/x-www-form-urlencoded"],
            body: "grant_type=\(TokenRequestReader.grantType)&subject_token_type=\(TokenRequestReader.jwtType)"
                + "&subject_token=\(token)", to: responder)
    }

    private func token(of name: String = "web") throws -> String {
        try gateway.cluster.token(at: ExampleGateway.now) { $0.serviceAccount = name }
    }

    @Test("A ServiceAccount beyond its limit gets 429 with Retry-After a second late, on every endpoint")
    func serviceAccount() async throws {
        let token = try token()
        for endpoint in ["one", "two"] { #expect(try await call(token, endpoint: endpoint).status == 200) }
        #expect(time.slept.isEmpty)
        let refused = try await call(token, endpoint: "two")
        #expect(refused.status == 429)
        #expect(refused.headers[.retryAfter] == "1")
        #expect(refused.headers[.cacheControl] == "no-store")
        #expect(time.slept == [CallLimiter.delay])
        let record = try #require(gateway.audit.records.last)
        #expect(record.decision == .limited)
        #expect(record.reason == "too many calls of the ServiceAccount")
        #expect(try record.json["workload"]?["saname"] == "web")
        // The delay took a second, so the bucket has one call again.
        #expect(try await call(token).status == 200)
    }

    @Test("Calls of a ServiceAccount beyond its limit, and its denied ones, do not affect another one")
    func isolation() async throws {
        let (first, second) = (try token(), try token(of: "api"))
        for _ in 0..<3 { _ = try await call(first) }
        #expect(try await call(second).status == 200)
    }

    @Test("Forged tokens spend no ServiceAccount's calls; their address is refused after its limit, also valid tokens")
    func source() async throws {
        let valid = try token()
        let forged = try TestCluster(key: TestKeys.rsa).token(at: ExampleGateway.now)
        for _ in 0..<3 { #expect(try await call(forged).status == 400) }
        let refused = try await call(valid)
        #expect(refused.status == 429)
        let record = try #require(gateway.audit.records.last)
        #expect(record.decision == .limited && record.attributes == nil)
        #expect(record.reason == "too many rejected calls from the address")
        // After the delay the address has one rejection again, and the ServiceAccount all its calls.
        #expect(try await call(valid).status == 200)
        #expect(try await call(valid).status == 200)
    }

    @Test("A valid ServiceAccount is charged to no address, whatever the rules say")
    func denied() async throws {
        let token = try gateway.cluster.token(at: ExampleGateway.now) { $0.namespace = "elsewhere" }
        #expect(try await call(token).status == 400)
        #expect(gateway.audit.records.last?.decision == .denied)
        #expect(try await call(token).status == 400)
        #expect(try await call(token).status == 429)
        #expect(try await call(try self.token()).status == 200)
    }
}
