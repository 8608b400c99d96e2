import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import Synchronization
import Testing

@testable import AWSPlugin

@Suite("The renewal of credentials")
struct CredentialRenewalTests {
    private func cache(_ way: any CredentialProviding) -> CredentialCache {
        CredentialCache(ways: [(.container, way)], now: { exampleTime }, logger: PluginContext.silent.logger)
    }

    @Test("is one, however many wait for it")
    func singleFlight() async throws {
        let gate = Gate()
        let cache = cache(gate)
        let keys = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { try await cache.current().id } }
            await gate.awaitAsk()
            await Task.yield()
            gate.answer(.success(.example))
            return try await group.reduce(into: [String]()) { $0.append($1) }
        }
        #expect(keys == Array(repeating: AccessKey.example.id, count: 50))
        #expect(gate.asked == 1)
    }

    @Test("fails for all who wait, and is tried anew by the next")
    func failure() async throws {
        let gate = Gate()
        let cache = cache(gate)
        let failures = await withTaskGroup(of: Bool.self) { group in
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
            // The second either waits for the first, or comes after it and asks anew.
            for _ in 0..<2 { gate.answer(.failure(PublishError(.unavailable, "no"))) }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(failures == 2)
        gate.reset()
        gate.answer(.success(.example))
        #expect(try await cache.current() == .example)
    }

    @Test("is taken over by one who waits, where the task that began it is cancelled")
    func cancelled() async throws {
        let gate = Gate()
        let cache = cache(gate)
        let first = Task { try await cache.current() }
        await gate.awaitAsk()
        let second = Task { try await cache.current().id }
        await Task.yield()
        first.cancel()
        await #expect(throws: PublishError.self) { try await first.value }
        await gate.awaitAsk()
        gate.answer(.success(.example))
        #expect(try await second.value == AccessKey.example.id)
        #expect(gate.asked == 2)
    }
}

/// Credentials that come when a test says so; who is cancelled gets a failure, as with a transport.
private final class Gate: CredentialProviding {
    private struct State {
        var asked = 0
        var seen = 0
        var answers: [Result<AccessKey, PublishError>] = []
    }

    private let state = Mutex(State())

    var asked: Int { state.withLock { $0.asked } }

    func answer(_ answer: Result<AccessKey, PublishError>) { state.withLock { $0.answers.append(answer) } }

    func reset() { state.withLock { $0.answers = [] } }

    func awaitAsk() async {
        while !state.withLock({ state in
            defer { if state.asked > state.seen { state.seen += 1 } }
            return state.asked > state.seen
        }) {
            await Task.yield()
        }
    }

    func credentials() async throws(PublishError) -> AccessKey? {
        state.withLock { $0.asked += 1 }
        while !Task.isCancelled {
            let answer = state.withLock { $0.answers.isEmpty ? nil : $0.answers.removeFirst() }
            if let answer { return try answer.get() }
            await Task.yield()
        }
        throw PublishError(.unavailable, "given up")
    }
}
