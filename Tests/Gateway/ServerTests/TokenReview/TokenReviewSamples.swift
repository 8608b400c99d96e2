import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import Synchronization

@testable import GatewayServer

extension SubjectToken {
    /// A token of the test cluster; tokens differ by `pod`.
    static func sample(
        pod: String = "web-0", lifetime: Double = 3600, key: SigningKey = TestKeys.ec, at now: Date = ExampleGateway.now
    ) throws -> SubjectToken {
        try SubjectToken(
            parsing: try TestCluster(key: key).token(at: now) { claims in
                claims.pod = pod
                claims.lifetime = lifetime
            })
    }

    /// A token whose header has no `kid`.
    static func sampleWithoutKeyID(
        pod: String = "web-0", key: SigningKey = TestKeys.ec, audiences: [String] = ["sts-gateway.test.svc"],
        at now: Date = ExampleGateway.now
    ) throws -> SubjectToken {
        let signed = try SubjectToken(
            parsing: try TestCluster(key: key).token(at: now) { claims in
                claims.pod = pod
                claims.audiences = audiences
            })
        let header = Base64URL.encode(Array(#"{"alg":"\#(key.algorithm.rawValue)"}"#.utf8))
        let input = "\(header).\(Base64URL.encode(signed.jwt.payload))"
        return try SubjectToken(
            parsing: "\(input).\(Base64URL.encode(try key.signature(of: Array(input.utf8))))")
    }

    /// The same token with one bit of its signature turned.
    func forged() throws -> SubjectToken {
        var signature = jwt.signature
        signature[10] ^= 1
        let input = String(decoding: jwt.signingInput, as: UTF8.self)
        return try SubjectToken(parsing: "\(input).\(Base64URL.encode(signature))")
    }
}

extension TokenReview {
    static let positive = TokenReview.authenticated(.serviceAccount())
}

/// The events of the reviewers in order; a test can wait for a number of events.
final class KeptEvents: Sendable {
    private let recorded = Mutex<[TokenReviewEvent]>([])
    private let stream: AsyncStream<TokenReviewEvent>
    private let continuation: AsyncStream<TokenReviewEvent>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    var all: [TokenReviewEvent] { recorded.withLock { $0 } }

    var observer: TokenReviewObserver {
        { [self] event in
            recorded.withLock { $0.append(event) }
            continuation.yield(event)
        }
    }

    func count(_ event: TokenReviewEvent) -> Int { all.count { $0 == event } }

    /// Waits for this many events of a kind. Not for concurrent calls.
    func wait(for event: TokenReviewEvent, count: Int) async {
        guard self.count(event) < count else { return }
        for await _ in stream where self.count(event) >= count { return }
    }
}

/// A reviewer that counts, and completes when the test releases it.
final class HeldReviewer: TokenReviewing {
    private struct State {
        var reviews = 0
        var answer: FakeTokenReviewer.Answer
        var isOpen: Bool
        var held: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>
    private let started: AsyncStream<Void>
    private let start: AsyncStream<Void>.Continuation

    init(_ answer: FakeTokenReviewer.Answer = .success(.positive), isOpen: Bool = false) {
        state = Mutex(State(answer: answer, isOpen: isOpen))
        (started, start) = AsyncStream.makeStream()
    }

    var reviews: Int { state.withLock { $0.reviews } }

    func answer(_ answer: FakeTokenReviewer.Answer) { state.withLock { $0.answer = answer } }

    /// Waits for this many reviews.
    func wait(forReviews count: Int) async {
        guard reviews < count else { return }
        for await _ in started where reviews >= count { return }
    }

    /// Completes all present and later reviews.
    func open() {
        let held = state.withLock { state in
            state.isOpen = true
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    func review(
        _ token: SubjectToken, audiences: [String]?, at now: Date
    ) async throws(TokenReviewFailure) -> TokenReview {
        await withCheckedContinuation { continuation in
            let goes = state.withLock { state in
                state.reviews += 1
                guard !state.isOpen else { return true }
                state.held.append(continuation)
                return false
            }
            start.yield()
            if goes { continuation.resume() }
        }
        return try state.withLock { $0.answer }.get()
    }
}
