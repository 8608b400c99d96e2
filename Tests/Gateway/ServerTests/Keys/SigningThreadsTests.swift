import Foundation
import GatewayCore
import GatewayTestSupport
import NIOCore
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The threads for signatures", .hangs)
struct SigningThreadsTests {
    /// Blocks threads until it is opened.
    private final class Gate: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        let waiting = Mutex(0)

        func pass() {
            waiting.withLock { $0 += 1 }
            semaphore.wait()
        }

        func open(_ count: Int) { for _ in 0..<count { semaphore.signal() } }
    }

    @Test("Work runs on threads of their own")
    func threads() async throws {
        let threads = SigningThreads(threads: 1, onRejection: {})
        let first = try await threads.run { ObjectIdentifier(Thread.current) }
        let second = try await threads.run { ObjectIdentifier(Thread.current) }
        #expect(first == second)
        await threads.shutdown()
    }

    #if os(Linux)
        @Test("Other threads run before those for signatures")
        func priority() async throws {
            /// The nice value of the calling thread.
            @Sendable func niceness() -> Int32 { getpriority(.init(PRIO_PROCESS.rawValue), 0) }
            let threads = SigningThreads(threads: 1, onRejection: {})
            let other = niceness()
            #expect(try await threads.run { niceness() } == max(other, 10))
            #expect(niceness() == other)
            await threads.shutdown()
        }
    #endif

    @Test("Beyond the limit work is rejected and counted, and there is room again when some is done")
    func limit() async throws {
        let rejected = Mutex(0)
        let threads = SigningThreads(threads: 1, limit: 2, onRejection: { rejected.withLock { $0 += 1 } })
        let gate = Gate()
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                try await threads.run {
                    gate.pass()
                    return 1
                }
            }
            try await until { gate.waiting.withLock { $0 } == 1 }
            // One waits for the thread; which of the next two does is not known, the other one is rejected.
            for _ in 0..<2 {
                group.addTask { (try? await threads.run { 2 }) ?? 0 }
            }
            try await until { rejected.withLock { $0 } == 1 }
            gate.open(1)
            var results: [Int] = []
            for try await result in group { results.append(result) }
            #expect(results.sorted() == [0, 1, 2])
        }
        #expect(try await threads.run { 3 } == 3)
        #expect(rejected.withLock { $0 } == 1)
        await threads.shutdown()
    }

    @Test("After the end nothing runs")
    func end() async throws {
        let threads = SigningThreads(threads: 1, onRejection: {})
        await threads.shutdown()
        await #expect(throws: SignatureOverload.self) { try await threads.run { 1 } }
    }

    @Test("A core is left for other requests, and there is a thread on any machine")
    func count() {
        #expect((1...16).contains(SigningThreads.defaultThreadCount))
        #expect(SigningThreads.defaultThreadCount < max(2, System.coreCount))
    }
}
