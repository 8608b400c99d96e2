package import FoundationEssentials
package import GatewayCore
import JOSE
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Caches the reviews of another reviewer for a few seconds, shares one review between concurrent callers, and limits
/// the reviews in flight.
///
/// A review runs in the task group of this service, not in the task of its caller: the cancellation of a caller does
/// not affect others. Reviews wait until the service runs. After the shutdown signal no review is started; the service
/// ends when those in flight have ended. It runs on the event loop of the caller, which has the connections to the API
/// server as well, so that a review changes no threads.
///
/// The precheck runs in the caller's own task, after the cache and before a place among the reviews in flight is taken:
/// a token that it rejects, or a key set that is slow to read, takes no place.
///
/// What is specific to an endpoint (a Pod binding, rules) is checked by the caller.
package final class CachingTokenReviewer: TokenReviewing, Service {
    typealias Answer = Result<TokenReview, TokenReviewFailure>
    private typealias Waiter = CheckedContinuation<Answer?, Never>

    private struct Flight: Sendable {
        let key: ReviewKey
        let token: SubjectToken
        let audiences: [String]?
        let now: Date
        let isOfUnknownKey: Bool
        /// That of the caller's event loop.
        let executor: EventLoopExecutor?
    }

    private struct State {
        var cache: ReviewCache
        /// The callers that wait for each review in flight. The set may be empty; the result is cached all the same.
        var waiters: [ReviewKey: [UInt64: Waiter]] = [:]
        var nextWaiter: UInt64 = 0
        /// Reviews in flight of tokens whose key is unknown.
        var unknownKeys = 0
        var isClosed = false
    }

    /// A caller's question.
    private struct Question {
        let key: ReviewKey
        let waiter: UInt64
        let now: Date
        /// Of the precheck; nil before it.
        let verdict: TokenPrecheck.Verdict?
    }

    private enum Turn {
        case answered(Answer)
        case waits
        case starts
        /// The token is to be checked first.
        case checks
    }

    private let reviewer: any TokenReviewing
    private let id: String
    private let precheck: TokenPrecheck?
    private let limits: TokenReviewLimits
    private let observe: TokenReviewObserver
    private let state: Mutex<State>
    private let flights: AsyncStream<Flight>
    private let flightContinuation: AsyncStream<Flight>.Continuation

    /// - Parameters:
    ///   - id: identifies the reviewer: part of the cache key.
    ///   - precheck: rejects tokens before a review; nil for no check.
    package init(
        _ reviewer: any TokenReviewing, id: String, precheck: TokenPrecheck? = nil, limits: TokenReviewLimits,
        observe: @escaping TokenReviewObserver
    ) {
        self.reviewer = reviewer
        self.id = id
        self.precheck = precheck
        self.limits = limits
        self.observe = observe
        state = Mutex(State(cache: ReviewCache(limits: limits)))
        // Bounded by the limit of reviews in flight.
        (flights, flightContinuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    package func run() async throws {
        await withTaskExecutorPreference(EventLoopExecutor(MultiThreadedEventLoopGroup.singleton.any())) {
            await withDiscardingTaskGroup { group in
                for await flight in flights.cancelOnGracefulShutdown() {
                    group.addTask(executorPreference: flight.executor) { await self.run(flight) }
                }
                state.withLock { $0.isClosed = true }
            }
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
        // A cached review is returned without a suspension.
        let (cached, number) = state.withLock { state in
            state.nextWaiter += 1
            return (Task.isCancelled ? nil : state.cache.review(for: key, at: now), state.nextWaiter)
        }
        if let cached {
            observe(.cacheHit)
            return cached
        }
        var verdict: TokenPrecheck.Verdict?
        while true {
            let question = Question(key: key, waiter: number, now: now, verdict: verdict)
            if let answer = await answer(to: question, token, audiences) { return try answer.get() }
            verdict = await precheck?.verdict(on: token, at: now) ?? .possible
        }
    }

    /// Drops cached reviews whose lifetime has ended.
    func dropExpired(at now: Date) { state.withLock { $0.cache.dropExpired(at: now) } }

    /// - Returns: nil where the token is to be checked first.
    private func answer(to question: Question, _ token: SubjectToken, _ audiences: [String]?) async -> Answer? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                switch state.withLock({ Self.turn(of: waiter, question, limits, &$0) }) {
                case .answered(let answer):
                    if case .success = answer, question.verdict == nil { observe(.cacheHit) }
                    if answer == .failure(Self.capped) || answer == .failure(Self.unknownKeysCapped) {
                        observe(.capped)
                    }
                    waiter.resume(returning: answer)
                case .waits: observe(.cacheShared)
                case .checks: waiter.resume(returning: nil)
                case .starts:
                    observe(.cacheMiss)
                    flightContinuation.yield(
                        Flight(
                            key: question.key, token: token, audiences: audiences, now: question.now,
                            isOfUnknownKey: question.verdict == .unknownKey,
                            executor: MultiThreadedEventLoopGroup.currentEventLoop.map(EventLoopExecutor.init)))
                }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters[question.key]?.removeValue(forKey: question.waiter) }
            waiter?.resume(returning: .failure(Self.cancelled))
        }
    }

    /// Decides under the lock. A caller that was cancelled before is detected here; the cancellation handler removes
    /// one that is cancelled later from the waiters.
    private static func turn(
        of waiter: Waiter, _ question: Question, _ limits: TokenReviewLimits, _ state: inout State
    ) -> Turn {
        let key = question.key
        if Task.isCancelled { return .answered(.failure(cancelled)) }
        if question.verdict == .rejected { return .answered(.success(.unauthenticated(.unauthenticated))) }
        if let cached = state.cache.review(for: key, at: question.now) { return .answered(.success(cached)) }
        if state.waiters[key] != nil {
            state.waiters[key]?[question.waiter] = waiter
            return .waits
        }
        guard !state.isClosed else { return .answered(.failure(stopping)) }
        guard let verdict = question.verdict else { return .checks }
        guard state.waiters.count < limits.inFlight else { return .answered(.failure(capped)) }
        if verdict == .unknownKey {
            guard state.unknownKeys < limits.unknownKeysInFlight else {
                return .answered(.failure(unknownKeysCapped))
            }
            state.unknownKeys += 1
        }
        state.waiters[key] = [question.waiter: waiter]
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
            if flight.isOfUnknownKey { state.unknownKeys -= 1 }
            return state.waiters.removeValue(forKey: flight.key)
        }
        for waiter in (waiters ?? [:]).values { waiter.resume(returning: answer) }
    }

    static let capped = TokenReviewFailure(retryAfter: 1, reason: "too many reviews are in flight")
    static let unknownKeysCapped = TokenReviewFailure(
        retryAfter: 5, reason: "too many tokens of unknown keys are under review")
    static let stopping = TokenReviewFailure(retryAfter: 1, reason: "the gateway is stopping")
    static let cancelled = TokenReviewFailure(retryAfter: 1, reason: "the caller has disconnected")
}
