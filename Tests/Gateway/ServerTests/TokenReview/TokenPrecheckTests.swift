import FoundationEssentials
import GatewayCore
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The check before a review", .hangs)
struct TokenPrecheckTests {
    let clock = ManualClock(now: ExampleGateway.now)
    let events = KeptEvents()
    let inner = HeldReviewer(isOpen: true)
    let keySet: Published

    /// The API server's published keys, which may change or be closed to us.
    final class Published: Sendable {
        let state: Mutex<(keys: JSONWebKeySet?, reads: Int)>

        init(_ keys: JSONWebKeySet?) { state = Mutex((keys, 0)) }

        var reads: Int { state.withLock { $0.reads } }

        func publish(_ keys: JSONWebKeySet?) { state.withLock { $0.keys = keys } }

        func load() throws(TokenReviewFailure) -> JSONWebKeySet {
            let keys = state.withLock { state in
                state.reads += 1
                return state.keys
            }
            guard let keys else { throw TokenReviewFailure(retryAfter: 60, reason: "closed") }
            return keys
        }
    }

    init() { keySet = Published(JSONWebKeySet(keys: [TestKeys.ec.publicKey])) }

    /// Runs a reviewer whose cache keeps nothing, with the check before it.
    private func prechecked<Value: Sendable>(
        _ inner: HeldReviewer, maximumUnknown: Int = 4, inFlight: Int = 64, load: KeySetCache.Load? = nil,
        _ body: @Sendable (CachingTokenReviewer) async throws -> Value
    ) async throws -> Value {
        let cache = KeySetCache(maximumAge: 300, minimumInterval: 60, firstRetryInterval: 60) {
            [keySet] _ throws(TokenReviewFailure) in
            if let load { return try await load() }
            return try keySet.load()
        }
        var limits = TokenReviewLimits()
        limits.positiveLifetime = 0
        limits.negativeLifetime = 0
        limits.unknownKeysInFlight = maximumUnknown
        limits.inFlight = inFlight
        let reviewer = CachingTokenReviewer(
            inner, id: "test", precheck: TokenPrecheck(keys: cache, observe: events.observer), limits: limits,
            observe: events.observer)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await reviewer.run() }
            defer { group.cancelAll() }
            return try await body(reviewer)
        }
    }

    /// What the check reported.
    private static func results(_ events: KeptEvents) -> [TokenReviewEvent] {
        events.all.filter { ![.cacheHit, .cacheMiss, .cacheShared, .capped].contains($0) }
    }

    @Test("A good signature goes on to the API server, a wrong one does not")
    func signatures() async throws {
        try await prechecked(inner) { [clock, events, inner] reviewer async throws in
            let token = try SubjectToken.sample()
            #expect(try await reviewer.review(token, audiences: nil, at: clock.now) == .positive)
            #expect(inner.reviews == 1)
            #expect(Self.results(events).isEmpty)
            #expect(
                try await reviewer.review(token.forged(), audiences: nil, at: clock.now)
                    == .unauthenticated(.unauthenticated))
            #expect(inner.reviews == 1)
            #expect(Self.results(events) == [.precheckForged])
        }
    }

    @Test("A kid that the key set lacks when it is read just now is refused without a review")
    func foreignKey() async throws {
        try await prechecked(inner) { [clock, events, inner] reviewer async throws in
            let foreign = try SubjectToken.sample(key: try .generate(.es256))
            #expect(
                try await reviewer.review(foreign, audiences: nil, at: clock.now) == .unauthenticated(.unauthenticated))
            #expect(inner.reviews == 0)
            #expect(Self.results(events) == [.precheckForeignKey])
        }
    }

    @Test(
        "A key rotated in within the minute is not condemned: the API server decides until the set is read again"
    )
    func freshKey() async throws {
        try await prechecked(inner) { [clock, events, keySet] reviewer async throws in
            _ = try await reviewer.review(.sample(), audiences: nil, at: clock.now)
            let successor = try SigningKey.generate(.es256)
            keySet.publish(JSONWebKeySet(keys: [TestKeys.ec.publicKey, successor.publicKey]))
            let token = try SubjectToken.sample(key: successor)
            clock.advance(by: 59)
            #expect(try await reviewer.review(token, audiences: nil, at: clock.now) == .positive)
            #expect(Self.results(events) == [.precheckUnknownKey])
            #expect(keySet.reads == 1)
            clock.advance(by: 1)
            #expect(try await reviewer.review(token, audiences: nil, at: clock.now) == .positive)
            #expect(Self.results(events) == [.precheckUnknownKey])
            #expect(keySet.reads == 2)
        }
    }

    @Test("A set that could not be read again condemns no unknown kid")
    func failedRefetch() async throws {
        try await prechecked(inner) { [clock, events, keySet] reviewer async throws in
            _ = try await reviewer.review(.sample(), audiences: nil, at: clock.now)
            keySet.publish(nil)
            clock.advance(by: 60)
            let token = try SubjectToken.sample(key: try .generate(.es256))
            #expect(try await reviewer.review(token, audiences: nil, at: clock.now) == .positive)
            #expect(Self.results(events) == [.precheckUnknownKey])
        }
    }

    @Test("Where the keys cannot be read nothing is checked, and a minute later they are tried again")
    func closed() async throws {
        keySet.publish(nil)
        try await prechecked(inner) { [clock, events, keySet, inner] reviewer async throws in
            let forged = try SubjectToken.sample().forged()
            for _ in 0..<2 { _ = try await reviewer.review(forged, audiences: nil, at: clock.now) }
            #expect(inner.reviews == 2)
            #expect(keySet.reads == 1)
            #expect(Self.results(events) == [.precheckSkipped, .precheckSkipped])
            keySet.publish(JSONWebKeySet(keys: [TestKeys.ec.publicKey]))
            clock.advance(by: 60)
            #expect(
                try await reviewer.review(forged, audiences: nil, at: clock.now) == .unauthenticated(.unauthenticated))
            #expect(inner.reviews == 2)
        }
    }

    @Test("Few tokens of unknown keys are under review at a time, and they do not hinder the known ones")
    func crowding() async throws {
        let inner = HeldReviewer()
        try await prechecked(inner, maximumUnknown: 1) { [clock, events] reviewer async throws in
            let now = clock.now
            let (first, second) = (
                try SubjectToken.sample(key: try .generate(.es256)), try SubjectToken.sample(key: try .generate(.es256))
            )
            let known = try SubjectToken.sample()
            // Read for the first: so the second finds a set that may not be read again yet.
            _ = try await reviewer.review(first, audiences: nil, at: now)
            try await withThrowingTaskGroup(of: TokenReview.self) { group in
                group.addTask { try await reviewer.review(first, audiences: nil, at: now) }
                await inner.wait(forReviews: 1)
                await #expect(throws: TokenReviewFailure.self) {
                    try await reviewer.review(second, audiences: nil, at: now)
                }
                #expect(events.count(.capped) == 1)
                group.addTask { try await reviewer.review(known, audiences: nil, at: now) }
                await inner.wait(forReviews: 2)
                inner.open()
                for try await review in group { #expect(review == .positive) }
            }
            #expect(try await reviewer.review(second, audiences: nil, at: now) == .positive)
        }
    }

    @Test("A token without a kid is checked with every key of the key set")
    func noKeyID() async throws {
        keySet.publish(JSONWebKeySet(keys: [TestKeys.rsa.publicKey, TestKeys.ec.publicKey]))
        try await prechecked(inner) { [clock, events, inner] reviewer async throws in
            let valid = try SubjectToken.sampleWithoutKeyID()
            #expect(try await reviewer.review(valid, audiences: nil, at: clock.now) == .positive)
            #expect(inner.reviews == 1)
            #expect(Self.results(events).isEmpty)
        }
    }

    @Test("A token without a kid that no key of a key set read just now verifies is rejected without a review")
    func noKeyIDForeign() async throws {
        try await prechecked(inner) { [clock, events, inner] reviewer async throws in
            let foreign = try SubjectToken.sampleWithoutKeyID(key: try .generate(.es256))
            #expect(
                try await reviewer.review(foreign, audiences: nil, at: clock.now) == .unauthenticated(.unauthenticated))
            #expect(inner.reviews == 0)
            #expect(Self.results(events) == [.precheckForeignKey])
        }
    }

    @Test("Eighty tokens without a kid take the few places of unknown keys, and a known one is reviewed at once")
    func noKeyIDCrowding() async throws {
        let inner = HeldReviewer()
        try await prechecked(inner, maximumUnknown: 4) { [clock, events] reviewer async throws in
            let now = clock.now
            let known = try SubjectToken.sample()
            let foreign = try SigningKey.generate(.es256)
            let tokens = try (0..<80).map { try SubjectToken.sampleWithoutKeyID(pod: "web-\($0)", key: foreign) }
            // The key set is on hand, so it is not read again for them.
            _ = try await reviewer.review(.sample(key: .generate(.es256)), audiences: nil, at: now)
            await withTaskGroup(of: Void.self) { group in
                for token in tokens {
                    group.addTask { _ = try? await reviewer.review(token, audiences: nil, at: now) }
                }
                await events.wait(for: .capped, count: 76)
                #expect(events.count(.cacheMiss) == 4)
                group.addTask {
                    let review = try? await reviewer.review(known, audiences: nil, at: now)
                    #expect(review == .positive)
                }
                await inner.wait(forReviews: 5)
                inner.open()
            }
            #expect(events.count(.capped) == 76)
        }
    }

    @Test("A key set that is slow to read takes no place among the reviews in flight")
    func slowKeySet() async throws {
        let slow = HeldReviewer()
        let (known, newer) = (try SubjectToken.sample(), try SigningKey.generate(.es256))
        let load: KeySetCache.Load = { [keySet] () throws(TokenReviewFailure) in
            if keySet.reads > 0 { _ = try await slow.review(known, audiences: nil, at: ExampleGateway.now) }
            return try keySet.load()
        }
        try await prechecked(inner, inFlight: 1, load: load) { [clock] reviewer async throws in
            let now = clock.now.addingTimeInterval(60)
            #expect(try await reviewer.review(known, audiences: nil, at: clock.now) == .positive)
            try await withThrowingTaskGroup(of: TokenReview.self) { group in
                let token = try SubjectToken.sample(key: newer)
                group.addTask { try await reviewer.review(token, audiences: nil, at: now) }
                await slow.wait(forReviews: 1)
                #expect(try await reviewer.review(known, audiences: nil, at: now) == .positive)
                slow.open()
                for try await review in group { #expect(review == .unauthenticated(.unauthenticated)) }
            }
        }
    }

    @Test("Forged tokens take no place among the reviews in flight")
    func forgedTakesNoPlace() async throws {
        try await prechecked(inner, inFlight: 0) { [clock, events] reviewer async throws in
            let forged = try SubjectToken.sample().forged()
            #expect(
                try await reviewer.review(forged, audiences: nil, at: clock.now) == .unauthenticated(.unauthenticated))
            #expect(events.count(.capped) == 0)
        }
    }
}
