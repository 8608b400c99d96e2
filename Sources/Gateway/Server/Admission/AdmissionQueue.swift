import GatewayCore
import Synchronization

/// Limits concurrent work. More callers wait in order of arrival, with a limited number and a timeout.
final class AdmissionQueue: Sendable {
    /// Too many callers wait, or the wait has timed out.
    struct Overload: Error, Equatable {}

    struct Limits: Sendable {
        /// The maximum number of waiting callers; more are rejected immediately.
        var waiting = 256
        /// The timeout of a waiting caller in seconds.
        var timeout = 2.0
    }

    private struct State {
        var concurrency = 1
        var running = 0
        var waiting: [(number: UInt64, signal: AsyncStream<Never>.Continuation)] = []
        /// The waiting callers that may run.
        var admitted: Set<UInt64> = []
        var nextNumber: UInt64 = 0

        /// Admits waiting callers up to the limit.
        mutating func admit() -> [AsyncStream<Never>.Continuation] {
            let count = min(max(0, concurrency - running), waiting.count)
            let next = waiting.prefix(count)
            waiting.removeFirst(count)
            running += count
            admitted.formUnion(next.map(\.number))
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

    /// The numbers of running and waiting callers.
    var load: (running: Int, waiting: Int) { state.withLock { ($0.running, $0.waiting.count) } }

    /// Runs the work when the limit permits it.
    ///
    /// - Parameter concurrency: the new limit of concurrent work.
    /// - Throws: ``Overload``, or what the work throws.
    func run<Value: Sendable>(
        atMost concurrency: Int, _ work: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await enter(concurrency)
        defer { leave() }
        return try await work()
    }

    private enum Turn {
        case starts
        case waits(UInt64, AsyncStream<Never>)
        case rejected
    }

    private func enter(_ concurrency: Int) async throws(Overload) {
        let (turn, signals) = state.withLock { state -> (Turn, [AsyncStream<Never>.Continuation]) in
            state.concurrency = max(1, concurrency)
            let signals = state.admit()
            if state.running < state.concurrency {
                state.running += 1
                return (.starts, signals)
            }
            guard state.waiting.count < limits.waiting else { return (.rejected, signals) }
            let (stream, signal) = AsyncStream.makeStream(of: Never.self)
            state.nextNumber += 1
            state.waiting.append((state.nextNumber, signal))
            return (.waits(state.nextNumber, stream), signals)
        }
        for signal in signals { signal.finish() }
        switch turn {
        case .starts: return
        case .rejected: throw Overload()
        case .waits(let number, let stream):
            await withTaskGroup { [scheduler, limits] group in
                group.addTask { for await _ in stream {} }
                group.addTask { try? await scheduler.sleep(limits.timeout) }
                await group.next()
                group.cancelAll()
            }
            let isAdmitted = state.withLock { state in
                state.waiting.removeAll { $0.number == number }
                return state.admitted.remove(number) != nil
            }
            guard isAdmitted else { throw Overload() }
        }
    }

    private func leave() {
        let signals = state.withLock { state in
            state.running -= 1
            return state.admit()
        }
        for signal in signals { signal.finish() }
    }
}
