import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import Testing

@testable import GatewayServer

@Suite("The caching reviewer", .hangs)
struct CachingTokenReviewerTests {
    let clock = ManualClock(now: ExampleGateway.now)
    let events = KeptEvents()
    let inner = HeldReviewer(isOpen: true)

    private func caching(
        _ inner: HeldReviewer, _ adjust: (inout TokenReviewLimits) -> Void = { _ in }
    ) -> CachingTokenReviewer {
        var limits = TokenReviewLimits()
        adjust(&limits)
        return CachingTokenReviewer(inner, id: "test", limits: limits, observe: events.observer)
    }

    /// Runs the service while `body` runs.
    private func running<Value: Sendable>(
        _ reviewer: CachingTokenReviewer, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await reviewer.run() }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    @Test("1,000 concurrent exchanges of one token cause one review")
    func singleFlight() async throws {
        let inner = HeldReviewer()
        let reviewer = caching(inner)
        let configuration = try #require(try ExampleGateway.configuration().endpoints.last)
        let key = try SigningKey.generate(.es256)
        let certificate = try KeyCertificate.selfSigned(for: key, endpoint: "two", from: clock.now, lifetime: 60)
        let ring = KeyRing(
            endpoint: "two", owner: "owner",
            keys: [KeyRing.Key(signingKey: key, state: .active, created: clock.now, certificate: certificate)])
        let keys = CurrentSigningKeys(
            SigningKeySnapshot(ring: ring, issuer: configuration.issuer, privateClaimNames: []))
        let exchange = TokenExchange(
            configuration: configuration, reviewer: reviewer, keys: keys, signatures: FakeSignatures())
        let request = TokenExchangeRequest(wire: .tokenExchange, subjectToken: try .sample())
        let now = clock.now
        let issued = try await running(reviewer) { [events] in
            try await withThrowingTaskGroup(of: IssuedToken.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        try await exchange.exchange(request, at: now, tokenID: TokenID(randomBits: (1, UInt64(number))))
                    }
                }
                await events.wait(for: .cacheShared, count: 999)
                inner.open()
                return try await group.reduce(into: 0) { count, _ in count += 1 }
            }
        }
        #expect(issued == 1000)
        #expect(inner.reviews == 1)
        #expect(events.count(.cacheMiss) == 1)
        #expect(events.count(.cacheShared) == 999)
    }

    @Test("A positive review is cached for five seconds, a negative one for two")
    func lifetimes() async throws {
        let reviewer = caching(inner)
        let token = try SubjectToken.sample()
        try await running(reviewer) { [clock, inner] () async throws in
            for (answer, lifetime) in [(TokenReview.positive, 5.0), (.unauthenticated(.unauthenticated), 2.0)] {
                clock.advance(by: 60)
                let before = inner.reviews
                inner.answer(.success(answer))
                #expect(try await reviewer.review(token, audiences: ["a"], at: clock.now) == answer)
                clock.advance(by: lifetime - 0.001)
                #expect(try await reviewer.review(token, audiences: ["a"], at: clock.now) == answer)
                #expect(inner.reviews == before + 1)
                clock.advance(by: 0.001)
                #expect(try await reviewer.review(token, audiences: ["a"], at: clock.now) == answer)
                #expect(inner.reviews == before + 2)
            }
        }
    }

    @Test("No review is cached after the token's expiration, or after the clock was set back")
    func ends() async throws {
        let reviewer = caching(inner)
        let token = try SubjectToken.sample(lifetime: 3)
        try await running(reviewer) { [clock, inner] () async throws in
            _ = try await reviewer.review(token, audiences: nil, at: clock.now)
            clock.advance(by: 2.9)
            _ = try await reviewer.review(token, audiences: nil, at: clock.now)
            #expect(inner.reviews == 1)
            clock.advance(by: 0.1)
            _ = try await reviewer.review(token, audiences: nil, at: clock.now)
            #expect(inner.reviews == 2)
            let other = try SubjectToken.sample(pod: "other")
            _ = try await reviewer.review(other, audiences: nil, at: clock.now)
            clock.advance(by: -3600)
            _ = try await reviewer.review(other, audiences: nil, at: clock.now)
            #expect(inner.reviews == 4)
        }
    }

    @Test("The cache key is the token, the reviewer and the audiences in any order")
    func keys() async throws {
        func key(_ token: String, _ reviewer: String, _ audiences: [String]?) -> ReviewKey {
            ReviewKey(token: token, reviewer: reviewer, audiences: audiences)
        }
        #expect(key("t", "r", ["a", "b"]) == key("t", "r", ["b", "a"]))
        let different = [
            key("t", "r", ["a", "b"]), key("t", "r", ["ab"]), key("t", "r", ["a"]), key("t", "r", []),
            key("t", "r", nil),
            key("t", "r", [""]), key("t", "ra", ["b"]), key("tr", "", ["a", "b"]), key("u", "r", ["a"]),
            key("t", "s", ["a"]),
        ]
        #expect(Set(different).count == different.count)

        let reviewer = caching(inner)
        let token = try SubjectToken.sample()
        let now = clock.now
        try await running(reviewer) { [inner] () async throws in
            for audiences in [["a"], ["b"], nil] as [[String]?] {
                _ = try await reviewer.review(token, audiences: audiences, at: now)
            }
            #expect(inner.reviews == 3)
        }
    }

    @Test("A failure is shared by the waiting callers, and not cached")
    func failures() async throws {
        let failure = TokenReviewFailure(retryAfter: 7, reason: "away")
        let inner = HeldReviewer(.failure(failure))
        let reviewer = caching(inner)
        let token = try SubjectToken.sample()
        let now = clock.now
        try await running(reviewer) { [events] () async throws in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        await #expect(throws: failure) { try await reviewer.review(token, audiences: nil, at: now) }
                    }
                }
                await events.wait(for: .cacheShared, count: 9)
                inner.open()
            }
            #expect(inner.reviews == 1)
            inner.answer(.success(.positive))
            #expect(try await reviewer.review(token, audiences: nil, at: now) == .positive)
        }
    }

    @Test("Beyond the limit a new review is rejected with Retry-After 1, and a cached one is returned")
    func cap() async throws {
        let inner = HeldReviewer()
        let reviewer = caching(inner) { $0.inFlight = 2 }
        let tokens = try (0..<3).map { try SubjectToken.sample(pod: "web-\($0)") }
        let now = clock.now
        try await running(reviewer) { [events] () async throws in
            try await withThrowingTaskGroup(of: TokenReview.self) { group in
                for token in tokens.prefix(2) + tokens.prefix(1) {
                    group.addTask { try await reviewer.review(token, audiences: nil, at: now) }
                }
                await events.wait(for: .cacheShared, count: 1)
                await inner.wait(forReviews: 2)
                await #expect(throws: CachingTokenReviewer.capped) {
                    try await reviewer.review(tokens[2], audiences: nil, at: now)
                }
                #expect(events.count(.capped) == 1)
                inner.open()
                for try await review in group { #expect(review == .positive) }
            }
            #expect(try await reviewer.review(tokens[2], audiences: nil, at: now) == .positive)
        }
    }

    @Test("A cancelled caller, the first or another, does not affect the others")
    func cancellation() async throws {
        for first in [true, false] {
            let inner = HeldReviewer()
            let events = KeptEvents()
            let reviewer = CachingTokenReviewer(
                inner, id: "test", limits: TokenReviewLimits(), observe: events.observer)
            let token = try SubjectToken.sample()
            let now = clock.now
            try await running(reviewer) { () async throws in
                let one = Task { try await reviewer.review(token, audiences: nil, at: now) }
                await inner.wait(forReviews: 1)
                let two = Task { try await reviewer.review(token, audiences: nil, at: now) }
                await events.wait(for: .cacheShared, count: 1)
                let (gone, stays) = first ? (one, two) : (two, one)
                gone.cancel()
                await #expect(throws: CachingTokenReviewer.cancelled) { try await gone.value }
                inner.open()
                #expect(try await stays.value == .positive)
                #expect(inner.reviews == 1)
            }
        }
    }

    @Test("When all callers are cancelled the review is cached for the next one")
    func abandoned() async throws {
        let inner = HeldReviewer()
        let reviewer = caching(inner)
        let token = try SubjectToken.sample()
        let now = clock.now
        try await running(reviewer) { () async throws in
            let one = Task { try await reviewer.review(token, audiences: nil, at: now) }
            await inner.wait(forReviews: 1)
            one.cancel()
            await #expect(throws: CachingTokenReviewer.cancelled) { try await one.value }
            inner.open()
            #expect(try await reviewer.review(token, audiences: nil, at: now) == .positive)
            #expect(inner.reviews == 1)
        }
    }

    @Test("A stopped service starts no review, and returns those that are cached")
    func stopped() async throws {
        let reviewer = caching(inner)
        let (token, late) = (try SubjectToken.sample(), try SubjectToken.sample(pod: "late"))
        #expect(try await reviewer.review(token, audiences: nil, at: clock.now) == .positive)
        try await withThrowingTaskGroup(of: Void.self) { service in
            service.cancelAll()
            service.addTask { try await reviewer.run() }
            try await service.waitForAll()
        }
        #expect(try await reviewer.review(token, audiences: nil, at: clock.now) == .positive)
        await #expect(throws: CachingTokenReviewer.stopping) {
            try await reviewer.review(late, audiences: nil, at: clock.now)
        }
        #expect(inner.reviews == 1)
    }

    @Test("A stopping service completes the reviews in flight, and starts no other")
    func stopping() async throws {
        let inner = HeldReviewer()
        let reviewer = caching(inner)
        let (token, late) = (try SubjectToken.sample(), try SubjectToken.sample(pod: "late"))
        let now = clock.now
        try await withThrowingTaskGroup(of: Void.self) { service in
            service.addTask { try await reviewer.run() }
            try await withThrowingTaskGroup(of: TokenReview.self) { waiting in
                waiting.addTask { try await reviewer.review(token, audiences: nil, at: now) }
                await inner.wait(forReviews: 1)
                service.cancelAll()
                waiting.addTask { try await reviewer.review(token, audiences: nil, at: now) }
                await events.wait(for: .cacheShared, count: 1)
                inner.open()
                for try await review in waiting { #expect(review == .positive) }
            }
        }
        await #expect(throws: CachingTokenReviewer.stopping) {
            try await reviewer.review(late, audiences: nil, at: now)
        }
        #expect(inner.reviews == 1)
    }

    @Test("The cache is limited, with any number of tokens")
    func bounded() throws {
        var limits = TokenReviewLimits()
        limits.cachedAnswers = 10
        var cache = ReviewCache(limits: limits)
        var keys: [ReviewKey] = []
        for number in 0..<1000 {
            let key = ReviewKey(token: "\(number)", reviewer: "", audiences: nil)
            keys.append(key)
            cache.insert(.positive, for: key, requested: clock.now, expiration: nil)
            #expect(cache.count <= 10)
            #expect(cache.review(for: key, at: clock.now) == .positive)
        }
        #expect(cache.review(for: keys[998], at: clock.now) == .positive)
        #expect(cache.review(for: keys[0], at: clock.now) == nil)
    }
}
