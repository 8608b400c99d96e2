import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import Synchronization
import Testing

@testable import AWSPlugin

@Suite("The renewal of credentials", .timeLimit(.minutes(20)))
struct CredentialRenewalTests {
    private func cache(_ way: any CredentialProviding) -> CredentialCache {
        CredentialCache(sources: [(.container, way)], now: { exampleTime }, logger: PluginContext.silent.logger)
    }

    @Test("is done once for all callers that wait")
    func singleFlight() async throws {
        let gate = Gate()
        let cache = cache(gate)
        let keys = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { try await cache.current().id } }
            try await until { await cache.waitingCalls == 49 }
            gate.answer(.success(.example))
            return try await group.reduce(into: [String]()) { $0.append($1) }
        }
        #expect(keys == Array(repeating: AccessKey.example.id, count: 50))
        #expect(gate.asked == 1)
    }

    @Test("fails for all callers that wait, and is tried again by the next")
    func failure() async throws {
        let gate = Gate()
        let cache = cache(gate)
        let failures = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    do {
                        _ = try await cache.current()
                        return false
                    } catch {
                        return true
                    }
                }
            }
            try await until { await cache.waitingCalls == 1 }
            gate.answer(.failure(PublishError(.unavailable, "no")))
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(failures == 2)
        gate.answer(.success(.example))
        #expect(try await cache.current() == .example)
        #expect(gate.asked == 2)
    }

    @Test("is taken over by a waiting caller where the task that began it is cancelled")
    func cancelled() async throws {
        let gate = Gate()
        let cache = cache(gate)
        try await withThrowingTaskGroup(of: AccessKey.self) { first in
            first.addTask { try await cache.current() }
            try await until { gate.asked == 1 }
            async let second = cache.current()
            try await until { await cache.waitingCalls == 1 }
            first.cancelAll()
            await #expect(throws: PublishError.self) { try await first.next() }
            try await until { gate.asked == 2 }
            gate.answer(.success(.example))
            #expect(try await second == .example)
        }
        #expect(gate.asked == 2)
    }
}

/// Returns once the condition is true, which waiting calls do not report. Only the time limit of the suite ends a hang.
private func until(_ condition: () async -> Bool) async throws {
    while await !condition() { try await Task.sleep(for: .milliseconds(1)) }
}

/// Credentials that come when a test says so, to one caller at a time; who is cancelled gets a failure, as with a
/// transport.
private final class Gate: CredentialProviding {
    typealias Answer = Result<AccessKey, PublishError>

    private struct State {
        var asked = 0
        var answers: [Answer] = []
        var waiting: AsyncStream<Answer>.Continuation?
    }

    private let state = Mutex(State())

    var asked: Int { state.withLock { $0.asked } }

    func answer(_ answer: Answer) {
        state.withLock { state in
            if let waiting = state.waiting {
                waiting.yield(answer)
                state.waiting = nil
            } else {
                state.answers.append(answer)
            }
        }
    }

    func credentials() async throws(PublishError) -> AccessKey? {
        let (stream, continuation) = AsyncStream.makeStream(of: Answer.self)
        state.withLock { state in
            state.asked += 1
            if state.answers.isEmpty {
                state.waiting = continuation
            } else {
                continuation.yield(state.answers.removeFirst())
            }
        }
        for await answer in stream { return try answer.get() }
        throw PublishError(.unavailable, "given up")
    }
}
