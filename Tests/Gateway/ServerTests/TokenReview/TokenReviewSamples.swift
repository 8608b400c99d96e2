import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import Synchronization

@testable import GatewayServer

extension SubjectToken {
    /// A token of the test cluster; `pod` tells one from another.
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

/// What the reviewers told, in order; a test can wait for a number of events.
final class KeptEvents: Sendable {
    private let kept = Mutex<[TokenReviewEvent]>([])
    private let stream: AsyncStream<TokenReviewEvent>
    private let continuation: AsyncStream<TokenReviewEvent>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    var all: [TokenReviewEvent] { kept.withLock { $0 } }

    var observer: TokenReviewObserver {
        { [self] event in
            kept.withLock { $0.append(event) }
            continuation.yield(event)
        }
    }

    func count(_ event: TokenReviewEvent) -> Int { all.count { $0 == event } }

    /// Waits until so many events of this kind have come. Called by one task at a time.
    func wait(for event: TokenReviewEvent, count: Int) async {
        guard self.count(event) < count else { return }
        for await _ in stream where self.count(event) >= count { return }
    }
}

/// A reviewer that answers when the test lets it, and counts.
final class HeldReviewer: TokenReviewing {
    private struct State {
        var reviews = 0
        var answer: FakeTokenReviewer.Answer
        var isOpen: Bool
        var held: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>
    private let begun: AsyncStream<Void>
    private let begin: AsyncStream<Void>.Continuation

    init(_ answer: FakeTokenReviewer.Answer = .success(.positive), isOpen: Bool = false) {
        state = Mutex(State(answer: answer, isOpen: isOpen))
        (begun, begin) = AsyncStream.makeStream()
    }

    var reviews: Int { state.withLock { $0.reviews } }

    func answer(_ answer: FakeTokenReviewer.Answer) { state.withLock { $0.answer = answer } }

    /// Waits until so many reviews are here.
    func wait(forReviews count: Int) async {
        guard reviews < count else { return }
        for await _ in begun where reviews >= count { return }
    }

    /// Lets all go that are here or come.
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
            begin.yield()
            if goes { continuation.resume() }
        }
        return try state.withLock { $0.answer }.get()
    }
}
