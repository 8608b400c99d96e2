import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import KubernetesTestSupport
import Testing

@testable import GatewayServer

/// The requests to the API server, and the behavior when it fails.
@Suite(.hangs) struct ReviewTrafficTests {
    private let ours = ["one.test.svc"]

    @Test func `a thousand exchanges of one token at once cause one review`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            let token = try cluster.api.token(audiences: ours)
            cluster.api.fail(.hang, path: ReviewedCluster.reviews)
            try await withThrowingTaskGroup(of: ReviewedCluster.Outcome.self) { group in
                for _ in 0..<1000 { group.addTask { try await cluster.exchange(token) } }
                await cluster.api.waitForRequests(1, to: ReviewedCluster.reviews)
                await cluster.api.waitForHangingRequests(1)
                cluster.api.releaseHanging()
                for try await outcome in group { #expect(outcome == ReviewedCluster.web) }
            }
            #expect(cluster.reviewCount == 1)
        }
    }

    @Test func `a token of a deleted Pod is rejected when the cached review is five seconds old`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            let token = try cluster.api.token(audiences: ours)
            #expect(try await cluster.exchange(token) == ReviewedCluster.web)
            try cluster.api.delete(.pods, namespace: "default", name: "web-0")
            cluster.clock.advance(by: 4.9)
            #expect(try await cluster.exchange(token) == ReviewedCluster.web)
            #expect(cluster.reviewCount == 1)
            cluster.clock.advance(by: 0.2)
            #expect(try await cluster.exchange(token) == .invalid(.unauthenticated))
            #expect(cluster.reviewCount == 2)
            // A negative review is cached for two seconds.
            cluster.clock.advance(by: 1.9)
            #expect(try await cluster.exchange(token) == .invalid(.unauthenticated))
            #expect(cluster.reviewCount == 2)
            cluster.clock.advance(by: 0.2)
            #expect(try await cluster.exchange(token) == .invalid(.unauthenticated))
            #expect(cluster.reviewCount == 3)
        }
    }

    @Test func `a review is not cached after the token's expiration`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            let token = try cluster.api.token(audiences: ours, lifetime: 600)
            cluster.clock.advance(by: 598)
            #expect(try await cluster.exchange(token) == ReviewedCluster.web)
            cluster.clock.advance(by: 2.5)
            _ = try await cluster.exchange(token)
            #expect(cluster.reviewCount == 2)
        }
    }

    @Test func `the gateway's token is read again when it is rotated`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            #expect(try await cluster.exchange(try cluster.api.token(audiences: ours)) == ReviewedCluster.web)
            try cluster.api.rotateClientToken()
            // 401 with the old token, then success with the new one.
            #expect(try await cluster.exchange(try cluster.api.token(audiences: ours)) == ReviewedCluster.web)
            #expect(cluster.reviewCount == 3)
            #expect(try await cluster.exchange(try cluster.api.token(audiences: ours)) == ReviewedCluster.web)
            #expect(cluster.reviewCount == 4)
        }
    }

    @Test func `a gateway token that is rejected twice is 503, not a denial of the caller`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            cluster.api.expireClientToken()
            let outcome = try await cluster.exchange(try cluster.api.token(audiences: ours))
            guard case .unavailable = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(cluster.reviewCount == 2)
        }
    }

    @Test(
        arguments: [
            (Fault.status(429, retryAfter: 7), 7), (.status(500), nil), (.status(503, retryAfter: 3), 3),
            (.status(403), nil),
            (.notJSON, nil), (.reply(201, body: "{}"), nil), (.oversized(bytes: 3_000_000), nil),
            (.cut(afterBytes: 20), nil),
        ] as [(Fault, Int?)])
    func `an invalid response of the API server is 503 with Retry-After, and the next call is sent again`(
        _ fault: Fault, _ retryAfter: Int?
    ) async throws {
        try await ReviewedCluster.run { cluster async throws in
            let token = try cluster.api.token(audiences: ours)
            cluster.api.fail(fault, next: 2, path: ReviewedCluster.reviews)
            let outcome = try await cluster.exchange(token)
            guard case .unavailable(let seconds) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect((1...60).contains(seconds))
            if let retryAfter { #expect(seconds == retryAfter) }
            // A failure is not cached.
            cluster.api.clearFaults()
            #expect(try await cluster.exchange(token) == ReviewedCluster.web)
        }
    }

    @Test func `an API server that hangs is 503 when the time is over`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            let token = try cluster.api.token(audiences: ours)
            cluster.api.fail(.hang, path: ReviewedCluster.reviews)
            async let late = cluster.exchange(token)
            await cluster.api.waitForHangingRequests(1)
            cluster.time.advance(by: TokenReviewLimits().timeout)
            let outcome = try await late
            guard case .unavailable = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(try await cluster.exchange(token) == ReviewedCluster.web)
        }
    }

    @Test func `reviews beyond the cap are 503 at once`() async throws {
        var limits = TokenReviewLimits()
        limits.inFlight = 2
        try await ReviewedCluster.run(limits: limits) { cluster async throws in
            #expect(try await cluster.exchange(try cluster.api.token(audiences: ours)) == ReviewedCluster.web)
            cluster.api.fail(.hang, next: 2, path: ReviewedCluster.reviews)
            let tokens = try (0..<3).map { try cluster.api.token(audiences: ours, lifetime: 700 + $0) }
            async let first = cluster.exchange(tokens[0])
            async let second = cluster.exchange(tokens[1])
            // With one connection only one of them hangs at the API server; both are in flight.
            await cluster.events.wait(for: .cacheMiss, count: 3)
            await cluster.api.waitForHangingRequests(1)
            #expect(try await cluster.exchange(tokens[2]) == .unavailable(retryAfter: 1))
            #expect(cluster.events.count(.capped) == 1)
            cluster.api.clearFaults()
            cluster.api.releaseHanging()
            #expect(try await first == ReviewedCluster.web)
            #expect(try await second == ReviewedCluster.web)
        }
    }

    enum Garbage: String, CaseIterable {
        case noToken, expired, notYetValid, foreignAudience, forged, foreignKey, foreignKeyWithoutKeyID, unsigned
    }

    @Test(arguments: Garbage.allCases)
    func `garbage never reaches the API server`(_ garbage: Garbage) async throws {
        try await ReviewedCluster.run { cluster async throws in
            #expect(try await cluster.exchange(try cluster.api.token(audiences: ours)) == ReviewedCluster.web)
            // Without it the API server decides.
            try #require(cluster.events.count(.precheckSkipped) == 0, "the key set is loaded")
            let count = cluster.reviewCount
            let now = cluster.clock.now
            let token: String
            switch garbage {
            case .noToken: token = "garbage"
            case .expired:
                token = try cluster.api.forgedToken {
                    $0.audiences = ours
                    $0.issuedAt = now.addingTimeInterval(-7200)
                }
            case .notYetValid:
                token = try cluster.api.forgedToken {
                    $0.audiences = ours
                    $0.notBefore = now.addingTimeInterval(600)
                }
            case .foreignAudience: token = try cluster.api.token(audiences: ["elsewhere.test.svc"])
            case .forged: token = try tampered(cluster.api.token(audiences: ours))
            case .foreignKey:
                // An unknown kid loads the key set at most once a minute.
                cluster.clock.advance(by: 61)
                token = try TestCluster(key: SigningKey.generate(.es256)).token(at: now) { $0.audiences = ours }
            case .foreignKeyWithoutKeyID:
                // The key set is five minutes old, so it is read again.
                cluster.clock.advance(by: 301)
                token = try SubjectToken.sampleWithoutKeyID(
                    key: SigningKey.generate(.es256), audiences: ours, at: cluster.clock.now
                ).compact
            case .unsigned:
                let parts = try cluster.api.token(audiences: ours).split(separator: ".")
                token = Base64URL.encode(Array(#"{"alg":"none"}"#.utf8)) + ".\(parts[1])."
            }
            guard case .invalid = try await cluster.exchange(token) else {
                Issue.record("not rejected as invalid")
                return
            }
            #expect(cluster.reviewCount == count)
        }
    }

    /// The token with another namespace in its claims and the same signature.
    private func tampered(_ token: String) throws -> String {
        let parts = token.split(separator: ".").map(String.init)
        let claims = String(decoding: Base64URL.decode(parts[1]) ?? [], as: UTF8.self)
        let changed = claims.replacing("system:serviceaccount:default:web", with: "system:serviceaccount:default:adm")
        #expect(changed != claims)
        return "\(parts[0]).\(Base64URL.encode(Array(changed.utf8))).\(parts[2])"
    }

    @Test func `where the key set may not be read the API server decides`() async throws {
        try await ReviewedCluster.run { cluster async throws in
            cluster.api.deny("get", FakeKubernetesAPI.jwks)
            let token = try cluster.api.token(audiences: ours)
            #expect(try await cluster.exchange(token) == ReviewedCluster.web)
            #expect(try await cluster.exchange(try tampered(token)) == .invalid(.unauthenticated))
            #expect(cluster.reviewCount == 2)
        }
    }
}
