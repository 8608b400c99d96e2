package import FoundationEssentials
package import GatewayCore
import JOSE
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Caches the reviews of another reviewer for a few seconds, shares one review between concurrent callers, and limits
/// the reviews in flight.
///
/// A review runs in a task of its own, not in that of its caller: the cancellation of a caller does not affect others.
/// After the shutdown signal no review is started; the service ends when those in flight have ended, and cancels them
/// if it is cancelled. A review runs on the event loop of its caller, which has the connections to the API server as
/// well, so that it changes no threads.
///
/// The precheck runs in the caller's own task, after the cache and before a place among the reviews in flight is taken:
/// a token that it rejects, or a key set that is slow to read, takes no place.
///
/// What is specific to an endpoint (a Pod binding, rules) is checked by the caller.
package final class CachingTokenReviewer: TokenReviewing, Service {
    typealias Answer = Result<TokenReview, TokenReviewFailure>
    private typealias Waiter = CheckedContinuation<Answer?, Never>

    /// A review in flight.
    private struct Flight: Sendable {
        let task: Task<Void, Never>
        /// The callers that wait for it. There may be none; the result is cached all the same.
        var waiters: [UInt64: Waiter]
    }

    private struct State {
        var cache: ReviewCache
        var flights: [ReviewKey: Flight] = [:]
        var lastWaiter: UInt64 = 0
        /// Reviews in flight of tokens whose key is unknown.
        var unknownKeys = 0
        var isClosed = false
    }

    /// A caller's question.
    private struct Question {
        let token: SubjectToken
        let audiences: [String]?
        let key: ReviewKey
        let waiter: UInt64
        let now: Date
        /// Of the precheck; nil before it.
        var verdict: TokenPrecheck.Verdict?
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
    }

    package func run() async throws {
        await withTaskCancellationHandler {
            try? await gracefulShutdown()
            for review in close() { await review.value }
        } onCancel: {
            for review in close() { review.cancel() }
        }
    }

    /// - Returns: the reviews in flight; no more begin.
    private func close() -> [Task<Void, Never>] {
        state.withLock { state in
            state.isClosed = true
            return state.flights.values.map(\.task)
        }
    }

    package func review(
        _ token: SubjectToken, audiences: [String]?, at now: Date
    ) async throws(TokenReviewFailure) -> TokenReview {
        let key = ReviewKey(token: token.compact, reviewer: id, audiences: audiences)
        // A cached review is returned without a suspension.
        let (cached, begins, number) = state.withLock { state in
            state.lastWaiter += 1
            return (
                Task.isCancelled ? nil : state.cache.review(for: key, at: now),
                !Task.isCancelled && !state.isClosed && state.flights[key] == nil, state.lastWaiter
            )
        }
        if let cached {
            observe(.cacheHit)
            return cached
        }
        var question = Question(token: token, audiences: audiences, key: key, waiter: number, now: now)
        if begins { question.verdict = await verdict(on: token, at: now) }
        while true {
            if let answer = await answer(to: question) { return try answer.get() }
            question.verdict = await verdict(on: token, at: now)
        }
    }

    private func verdict(on token: SubjectToken, at now: Date) async -> TokenPrecheck.Verdict {
        await precheck?.verdict(on: token, at: now) ?? .possible
    }

    /// Drops cached reviews whose lifetime has ended.
    func dropExpired(at now: Date) { state.withLock { $0.cache.dropExpired(at: now) } }

    /// - Returns: nil where the token is to be checked first.
    private func answer(to question: Question) async -> Answer? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                switch state.withLock({ turn(of: waiter, question, &$0) }) {
                case .answered(let answer):
                    if case .success = answer, question.verdict != .rejected { observe(.cacheHit) }
                    if answer == .failure(Self.capped) || answer == .failure(Self.unknownKeysCapped) {
                        observe(.capped)
                    }
                    waiter.resume(returning: answer)
                case .waits: observe(.cacheShared)
                case .checks: waiter.resume(returning: nil)
                case .starts: observe(.cacheMiss)
                }
            }
        } onCancel: {
            let waiter = state.withLock { $0.flights[question.key]?.waiters.removeValue(forKey: question.waiter) }
            waiter?.resume(returning: .failure(Self.cancelled))
        }
    }

    /// Decides under the lock. A caller that was cancelled before is detected here; the cancellation handler removes
    /// one that is cancelled later from the waiters.
    private func turn(of waiter: Waiter, _ question: Question, _ state: inout State) -> Turn {
        if Task.isCancelled { return .answered(.failure(Self.cancelled)) }
        if question.verdict == .rejected { return .answered(.success(.unauthenticated(.unauthenticated))) }
        if let cached = state.cache.review(for: question.key, at: question.now) { return .answered(.success(cached)) }
        if state.flights[question.key] != nil {
            state.flights[question.key]?.waiters[question.waiter] = waiter
            return .waits
        }
        guard !state.isClosed else { return .answered(.failure(Self.stopping)) }
        guard let verdict = question.verdict else { return .checks }
        guard state.flights.count < limits.inFlight else { return .answered(.failure(Self.capped)) }
        if verdict == .unknownKey {
            guard state.unknownKeys < limits.unknownKeysInFlight else {
                return .answered(.failure(Self.unknownKeysCapped))
            }
            state.unknownKeys += 1
        }
        let executor = MultiThreadedEventLoopGroup.currentEventLoop.map(EventLoopExecutor.init)
        let task = Task(executorPreference: executor) { await self.review(question) }
        state.flights[question.key] = Flight(task: task, waiters: [question.waiter: waiter])
        return .starts
    }

    private func review(_ question: Question) async {
        let answer: Answer
        do throws(TokenReviewFailure) {
            answer = .success(
                try await reviewer.review(question.token, audiences: question.audiences, at: question.now))
        } catch {
            answer = .failure(error)
        }
        let flight = state.withLock { state in
            if case .success(let review) = answer {
                state.cache.insert(
                    review, for: question.key, requested: question.now, expiration: question.token.claims.expiration)
            }
            if question.verdict == .unknownKey { state.unknownKeys -= 1 }
            return state.flights.removeValue(forKey: question.key)
        }
        for waiter in (flight?.waiters ?? [:]).values { waiter.resume(returning: answer) }
    }

    static let capped = TokenReviewFailure(retryAfter: 1, reason: "too many reviews are in flight")
    static let unknownKeysCapped = TokenReviewFailure(
        retryAfter: 5, reason: "too many tokens of unknown keys are under review")
    static let stopping = TokenReviewFailure(retryAfter: 1, reason: "the gateway is stopping")
    static let cancelled = TokenReviewFailure(retryAfter: 1, reason: "the caller has disconnected")
}
