package import FoundationEssentials
package import GatewayCore
import JOSE
import ServiceLifecycle
import Synchronization

/// Caches the reviews of another reviewer for a few seconds, shares one review between concurrent callers, and limits
/// the reviews in flight.
///
/// A review runs in the task group of this service, not in the task of its caller: the cancellation of a caller does
/// not affect others. Reviews wait until the service runs. After the shutdown signal no review is started; the service
/// ends when those in flight have ended.
///
/// What is specific to an endpoint (a Pod binding, rules) is checked by the caller.
package final class CachingTokenReviewer: TokenReviewing, Service {
    typealias Answer = Result<TokenReview, TokenReviewFailure>
    private typealias Waiter = CheckedContinuation<Answer, Never>

    private struct Flight: Sendable {
        let key: ReviewKey
        let token: SubjectToken
        let audiences: [String]?
        let now: Date
    }

    private struct State {
        var cache: ReviewCache
        /// The callers that wait for each review in flight. The set may be empty; the result is cached all the same.
        var waiters: [ReviewKey: [UInt64: Waiter]] = [:]
        var nextWaiter: UInt64 = 0
        var isClosed = false
    }

    private enum Turn {
        case answered(Answer)
        case waits
        case starts
    }

    private let reviewer: any TokenReviewing
    private let id: String
    private let limits: TokenReviewLimits
    private let observe: TokenReviewObserver
    private let state: Mutex<State>
    private let flights: AsyncStream<Flight>
    private let flightContinuation: AsyncStream<Flight>.Continuation

    /// - Parameter id: identifies the reviewer: part of the cache key.
    package init(
        _ reviewer: any TokenReviewing, id: String, limits: TokenReviewLimits, observe: @escaping TokenReviewObserver
    ) {
        self.reviewer = reviewer
        self.id = id
        self.limits = limits
        self.observe = observe
        state = Mutex(State(cache: ReviewCache(limits: limits)))
        // Bounded by the limit of reviews in flight.
        (flights, flightContinuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    package func run() async throws {
        await withDiscardingTaskGroup { group in
            for await flight in flights.cancelOnGracefulShutdown() {
                group.addTask { await self.run(flight) }
            }
            state.withLock { $0.isClosed = true }
        }
        let left = state.withLock { state in
            defer { state.waiters = [:] }
            return state.waiters.values.flatMap(\.values)
        }
        for waiter in left { waiter.resume(returning: .failure(Self.stopping)) }
    }

    package func review(
        _ token: SubjectToken, audiences: [String]?, at now: Date
    ) async throws(TokenReviewFailure) -> TokenReview {
        let key = ReviewKey(token: token.compact, reviewer: id, audiences: audiences)
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                switch state.withLock({ Self.turn(of: waiter, number, key, now, limits, &$0) }) {
                case .answered(let answer):
                    if case .success = answer { observe(.cacheHit) }
                    if answer == .failure(Self.capped) { observe(.capped) }
                    waiter.resume(returning: answer)
                case .waits: observe(.cacheShared)
                case .starts:
                    observe(.cacheMiss)
                    flightContinuation.yield(Flight(key: key, token: token, audiences: audiences, now: now))
                }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters[key]?.removeValue(forKey: number) }
            waiter?.resume(returning: .failure(Self.cancelled))
        }
        return try answer.get()
    }

    /// Decides under the lock. A caller that was cancelled before is detected here; the cancellation handler removes
    /// one that is cancelled later from the waiters.
    private static func turn(
        of waiter: Waiter, _ number: UInt64, _ key: ReviewKey, _ now: Date, _ limits: TokenReviewLimits,
        _ state: inout State
    ) -> Turn {
        if Task.isCancelled { return .answered(.failure(cancelled)) }
        if let cached = state.cache.review(for: key, at: now) { return .answered(.success(cached)) }
        if state.waiters[key] != nil {
            state.waiters[key]?[number] = waiter
            return .waits
        }
        guard !state.isClosed else { return .answered(.failure(stopping)) }
        guard state.waiters.count < limits.inFlight else { return .answered(.failure(capped)) }
        state.waiters[key] = [number: waiter]
        return .starts
    }

    private func run(_ flight: Flight) async {
        let answer: Answer
        do throws(TokenReviewFailure) {
            answer = .success(try await reviewer.review(flight.token, audiences: flight.audiences, at: flight.now))
        } catch {
            answer = .failure(error)
        }
        let waiters = state.withLock { state in
            if case .success(let review) = answer {
                state.cache.insert(
                    review, for: flight.key, requested: flight.now, expiration: flight.token.claims.expiration)
            }
            return state.waiters.removeValue(forKey: flight.key)
        }
        for waiter in (waiters ?? [:]).values { waiter.resume(returning: answer) }
    }

    static let capped = TokenReviewFailure(retryAfter: 1, reason: "too many reviews are in flight")
    static let stopping = TokenReviewFailure(retryAfter: 1, reason: "the gateway is stopping")
    static let cancelled = TokenReviewFailure(retryAfter: 1, reason: "the caller has disconnected")
}
