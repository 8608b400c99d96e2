import FoundationEssentials
import GatewayCore
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The check before a review", .hangs)
struct PrecheckedTokenReviewerTests {
    let clock = ManualClock(now: ExampleGateway.now)
    let events = KeptEvents()
    let inner = HeldReviewer(isOpen: true)
    let keySet: Published

    /// The API server's published keys, which may change or be unavailable.
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

    private func prechecked(_ inner: HeldReviewer, maximumUnknown: Int = 4) -> PrecheckedTokenReviewer {
        let cache = KeySetCache(maximumAge: 300, minimumInterval: 60, firstRetryInterval: 60) {
            [keySet] _ throws(TokenReviewFailure) in try keySet.load()
        }
        return PrecheckedTokenReviewer(inner, keys: cache, maximumUnknown: maximumUnknown, observe: events.observer)
    }

    @Test("A token with a valid signature is sent to the API server, one with an invalid signature is not")
    func signatures() async throws {
        let reviewer = prechecked(inner)
        let token = try SubjectToken.sample()
        #expect(try await reviewer.review(token, audiences: nil, at: clock.now) == .positive)
        #expect(inner.reviews == 1)
        #expect(events.all.isEmpty)
        #expect(
            try await reviewer.review(token.forged(), audiences: nil, at: clock.now)
                == .unauthenticated(.unauthenticated))
        #expect(inner.reviews == 1)
        #expect(events.all == [.precheckForged])
    }

    @Test("A kid that is missing in a key set loaded for this call is rejected without a review")
    func foreignKey() async throws {
        let reviewer = prechecked(inner)
        let foreign = try SubjectToken.sample(key: try .generate(.es256))
        #expect(
            try await reviewer.review(foreign, audiences: nil, at: clock.now) == .unauthenticated(.unauthenticated))
        #expect(inner.reviews == 0)
        #expect(events.all == [.precheckForeignKey])
    }

    @Test(
        "A recently added key is not rejected: the API server decides until the key set is loaded again"
    )
    func freshKey() async throws {
        let reviewer = prechecked(inner)
        _ = try await reviewer.review(.sample(), audiences: nil, at: clock.now)
        let successor = try SigningKey.generate(.es256)
        keySet.publish(JSONWebKeySet(keys: [TestKeys.ec.publicKey, successor.publicKey]))
        let token = try SubjectToken.sample(key: successor)
        clock.advance(by: 59)
        #expect(try await reviewer.review(token, audiences: nil, at: clock.now) == .positive)
        #expect(events.all == [.precheckUnknownKey])
        #expect(keySet.reads == 1)
        clock.advance(by: 1)
        #expect(try await reviewer.review(token, audiences: nil, at: clock.now) == .positive)
        #expect(events.all == [.precheckUnknownKey])
        #expect(keySet.reads == 2)
    }

    @Test("A key set that could not be loaded again does not reject an unknown kid")
    func failedRefetch() async throws {
        let reviewer = prechecked(inner)
        _ = try await reviewer.review(.sample(), audiences: nil, at: clock.now)
        keySet.publish(nil)
        clock.advance(by: 60)
        let token = try SubjectToken.sample(key: try .generate(.es256))
        #expect(try await reviewer.review(token, audiences: nil, at: clock.now) == .positive)
        #expect(events.all == [.precheckUnknownKey])
    }

    @Test("Where the keys are not available nothing is checked, and they are loaded again after a minute")
    func closed() async throws {
        keySet.publish(nil)
        let reviewer = prechecked(inner)
        let forged = try SubjectToken.sample().forged()
        for _ in 0..<2 { _ = try await reviewer.review(forged, audiences: nil, at: clock.now) }
        #expect(inner.reviews == 2)
        #expect(keySet.reads == 1)
        #expect(events.all == [.precheckSkipped, .precheckSkipped])
        keySet.publish(JSONWebKeySet(keys: [TestKeys.ec.publicKey]))
        clock.advance(by: 60)
        #expect(
            try await reviewer.review(forged, audiences: nil, at: clock.now) == .unauthenticated(.unauthenticated))
        #expect(inner.reviews == 2)
    }

    @Test("Reviews of tokens with unknown keys are limited, and do not affect those with known keys")
    func crowding() async throws {
        let inner = HeldReviewer()
        let reviewer = prechecked(inner, maximumUnknown: 1)
        let now = clock.now
        let (first, second) = (
            try SubjectToken.sample(key: try .generate(.es256)), try SubjectToken.sample(key: try .generate(.es256))
        )
        let known = try SubjectToken.sample()
        // Loaded for the first call, so that the second one may not load again yet.
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
