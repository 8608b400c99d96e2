import GatewayCore
import GatewayTestSupport
import KubernetesTestSupport
import Synchronization
import Testing

@testable import GatewayServer

@Suite("Admission: the limit of concurrent reviews", .hangs)
struct AdmissionQueueTests {
    private let time = TestScheduler()

    private func newQueue(waiting: Int = 8) -> AdmissionQueue {
        AdmissionQueue(limits: .init(waiting: waiting, timeout: 2), scheduler: time.scheduler)
    }

    /// Runs `body` while this many callers run.
    private func holding(
        _ count: Int, of queue: AdmissionQueue, _ body: () async throws -> Void
    ) async throws {
        let (stream, hold) = AsyncStream.makeStream(of: Never.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await withTaskGroup(of: Void.self) { holders in
                    for _ in 0..<count {
                        holders.addTask { _ = try? await queue.run(atMost: count) { for await _ in stream {} } }
                    }
                }
            }
            try await until { queue.load.running == count }
            defer { hold.finish() }
            try await body()
        }
    }

    @Test("Callers beyond the limit wait, and run in order of arrival")
    func order() async throws {
        let queue = newQueue()
        let recorded = Recorder<Int>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await holding(1, of: queue) {
                for number in 1...3 {
                    group.addTask { try await queue.run(atMost: 1) { recorded.add(number) } }
                    try await until { queue.load.waiting == number }
                }
                #expect(queue.load == (1, 3))
            }
            try await group.waitForAll()
        }
        #expect(await recorded.upTo { $0 == 3 } == [1, 2, 3])
        #expect(queue.load == (0, 0))
    }

    @Test("Callers beyond the waiting limit are rejected immediately")
    func number() async throws {
        let queue = newQueue(waiting: 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await holding(1, of: queue) {
                group.addTask { try await queue.run(atMost: 1) {} }
                try await until { queue.load.waiting == 1 }
                await #expect(throws: AdmissionQueue.Overload()) { try await queue.run(atMost: 1) {} }
            }
            try await group.waitForAll()
        }
        #expect(queue.load == (0, 0))
    }

    @Test("A caller that has waited for two seconds is rejected, and frees its place")
    func timeout() async throws {
        let queue = newQueue()
        try await holding(1, of: queue) {
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await queue.run(atMost: 1) {} }
                await time.waitForSleeper { $0 == 2 }
                time.advance(by: 2)
                await #expect(throws: AdmissionQueue.Overload()) { try await group.waitForAll() }
            }
            #expect(queue.load == (1, 0))
        }
        #expect(queue.load == (0, 0))
    }

    @Test("A waiting caller that is cancelled does not block the others")
    func cancelled() async throws {
        let queue = newQueue()
        try await holding(1, of: queue) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await queue.run(atMost: 1) {} }
                try await until { queue.load.waiting == 1 }
                group.cancelAll()
                await #expect(throws: AdmissionQueue.Overload()) { try await group.waitForAll() }
            }
            #expect(queue.load == (1, 0))
        }
        try await queue.run(atMost: 1) {}
    }

    @Test("A raised limit admits waiting callers")
    func raised() async throws {
        let queue = newQueue()
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await holding(1, of: queue) {
                for number in 1...2 {
                    group.addTask { try await queue.run(atMost: number + 1) {} }
                }
                try await group.waitForAll()
                #expect(queue.load == (1, 0))
            }
        }
    }

    @Test("Failed work frees its place")
    func failure() async throws {
        struct Fault: Error {}
        let queue = newQueue()
        await #expect(throws: Fault.self) { try await queue.run(atMost: 1) { throw Fault() } }
        #expect(queue.load == (0, 0))
    }

    /// Counts concurrent callers.
    private final class Crowd: Sendable {
        private let state = Mutex((now: 0, most: 0, done: 0))

        var most: Int { state.withLock { $0.most } }
        var done: Int { state.withLock { $0.done } }

        func enter() {
            state.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
        }

        func leave() {
            state.withLock {
                $0.now -= 1
                $0.done += 1
            }
        }
    }

    @Test("Of many concurrent callers at most the limit run, and all end")
    func many() async throws {
        let queue = newQueue(waiting: 500)
        let crowd = Crowd()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<500 {
                group.addTask {
                    try await queue.run(atMost: 4) {
                        crowd.enter()
                        await Task.yield()
                        crowd.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(crowd.most <= 4 && crowd.done == 500)
        #expect(queue.load == (0, 0))
    }
}
