import GatewayCore
import Synchronization

/// Bounds what is done at a time. More wait, in the order in which they came, a bounded number for a bounded time.
final class AdmissionQueue: Sendable {
    /// Too many are answered and wait, or the wait was too long.
    struct Overload: Error, Equatable {}

    struct Limits: Sendable {
        /// Those that wait; beyond, they are turned away at once.
        var waiting = 256
        /// Seconds that one waits.
        var patience = 2.0
    }

    private struct State {
        var concurrency = 1
        var running = 0
        var waiting: [(number: UInt64, signal: AsyncStream<Never>.Continuation)] = []
        /// Those that were given a place while they waited.
        var called: Set<UInt64> = []
        var nextNumber: UInt64 = 0

        /// Gives free places to those that wait.
        mutating func call() -> [AsyncStream<Never>.Continuation] {
            let count = min(max(0, concurrency - running), waiting.count)
            let next = waiting.prefix(count)
            waiting.removeFirst(count)
            running += count
            called.formUnion(next.map(\.number))
            return next.map(\.signal)
        }
    }

    private let limits: Limits
    private let scheduler: Scheduler
    private let state = Mutex(State())

    init(limits: Limits = Limits(), scheduler: Scheduler) {
        self.limits = limits
        self.scheduler = scheduler
    }

    /// How many have a place now, and how many wait.
    var load: (running: Int, waiting: Int) { state.withLock { ($0.running, $0.waiting.count) } }

    /// Does the work once there is a place for it.
    ///
    /// - Parameter concurrency: places in all, from now on; by whoever came last.
    /// - Throws: ``Overload``, or what the work throws.
    func run<Value: Sendable>(
        atMost concurrency: Int, _ work: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await enter(concurrency)
        defer { leave() }
        return try await work()
    }

    private enum Turn {
        case begins
        case waits(UInt64, AsyncStream<Never>)
        case turnedAway
    }

    private func enter(_ concurrency: Int) async throws(Overload) {
        let (turn, signals) = state.withLock { state -> (Turn, [AsyncStream<Never>.Continuation]) in
            state.concurrency = max(1, concurrency)
            let signals = state.call()
            if state.running < state.concurrency {
                state.running += 1
                return (.begins, signals)
            }
            guard state.waiting.count < limits.waiting else { return (.turnedAway, signals) }
            let (stream, signal) = AsyncStream.makeStream(of: Never.self)
            state.nextNumber += 1
            state.waiting.append((state.nextNumber, signal))
            return (.waits(state.nextNumber, stream), signals)
        }
        for signal in signals { signal.finish() }
        switch turn {
        case .begins: return
        case .turnedAway: throw Overload()
        case .waits(let number, let stream):
            await withTaskGroup { [scheduler, limits] group in
                group.addTask { for await _ in stream {} }
                group.addTask { try? await scheduler.sleep(limits.patience) }
                await group.next()
                group.cancelAll()
            }
            let wasCalled = state.withLock { state in
                state.waiting.removeAll { $0.number == number }
                return state.called.remove(number) != nil
            }
            guard wasCalled else { throw Overload() }
        }
    }

    private func leave() {
        let signals = state.withLock { state in
            state.running -= 1
            return state.call()
        }
        for signal in signals { signal.finish() }
    }
}
