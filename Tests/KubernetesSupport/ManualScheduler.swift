package import FoundationEssentials
package import Kubernetes
import Synchronization

/// A scheduler whose time a test advances, with access to the waiting tasks.
package final class ManualScheduler: Sendable {
    private struct Sleeper {
        let seconds: Double
        let due: Double
        let continuation: AsyncStream<Never>.Continuation
    }

    private struct Waiter {
        /// The wake times of sleeping tasks by ordinal, in seconds.
        let isMet: @Sendable (_ sleepers: [Int: Double]) -> Bool
        let continuation: AsyncStream<Never>.Continuation
    }

    private struct State {
        var time = 0.0
        var sleepers: [Int: Sleeper] = [:]
        var lastSleeper = 0
        var waiters: [Waiter] = []
        var slept: [Double] = []

        var sleeping: [Int: Double] { sleepers.mapValues(\.seconds) }
    }

    private let state = Mutex(State())
    /// Whether every wait ends immediately and advances the time.
    private let isImpatient: Bool
    package let random: Double

    package init(isImpatient: Bool = false, random: Double = 0) {
        self.isImpatient = isImpatient
        self.random = random
    }

    /// The start time.
    package static let start = Date(timeIntervalSince1970: 1_778_251_200)

    package var now: Date { Self.start.addingTimeInterval(time) }

    package var scheduler: KubernetesScheduler {
        KubernetesScheduler(
            now: { [self] in now }, monotonic: { [self] in time }, random: { [random] in random },
            sleep: { [self] in try await sleep($0) }
        ) { [random] failures, retryAfter in
            max(random * min(30, 0.5 * Double(1 << min(failures - 1, 10))), Double(retryAfter ?? 0))
        }
    }

    package var time: Double { state.withLock { $0.time } }
    /// All waits so far, in seconds.
    package var slept: [Double] { state.withLock { $0.slept } }

    /// Advances the time and wakes the tasks that are due.
    package func advance(by seconds: Double) {
        let due = state.withLock { state in
            state.time += seconds
            let due = state.sleepers.filter { $0.value.due <= state.time }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for sleeper in due { sleeper.finish() }
    }

    /// Advances the time without waking tasks, as for a suspended process.
    package func pass(_ seconds: Double) { state.withLock { $0.time += seconds } }

    /// Returns when a task waits for this many seconds, or when cancelled.
    package func waitForSleeper(_ matches: @escaping @Sendable (Double) -> Bool = { _ in true }) async {
        await waitForSleepers(1, matches)
    }

    /// Returns when this many tasks wait for such a time, or when cancelled.
    package func waitForSleepers(_ count: Int, _ matches: @escaping @Sendable (Double) -> Bool = { _ in true }) async {
        await wait { sleepers in sleepers.values.count(where: matches) >= count }
    }

    /// Returns when a wait is in progress that is the second, fourth and so on of all.
    package func waitForEvenSleeper() async { await wait { $0.keys.contains { $0.isMultiple(of: 2) } } }

    /// Completes each wait of at most this many seconds while `body` runs: for operations that may be retried more
    /// often than they need.
    package func passing<Value: Sendable>(
        upTo seconds: Double, _ body: () async throws -> Value
    ) async rethrows -> Value {
        try await FakeCluster.running {
            while !Task.isCancelled {
                await self.waitForSleeper { $0 <= seconds }
                if !Task.isCancelled { self.advance(by: seconds) }
            }
        } _: {
            try await body()
        }
    }

    private func wait(_ isMet: @escaping @Sendable ([Int: Double]) -> Bool) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        state.withLock { state in
            if isMet(state.sleeping) {
                continuation.finish()
            } else {
                state.waiters.append(Waiter(isMet: isMet, continuation: continuation))
            }
        }
        for await _ in stream {}
    }

    package func sleep(_ seconds: Double) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        let id = state.withLock { state -> Int in
            state.slept.append(seconds)
            state.lastSleeper += 1
            if isImpatient || seconds <= 0 {
                state.time += seconds
                continuation.finish()
                return state.lastSleeper
            }
            state.sleepers[state.lastSleeper] = Sleeper(
                seconds: seconds, due: state.time + seconds, continuation: continuation)
            let sleeping = state.sleeping
            for waiter in state.waiters where waiter.isMet(sleeping) { waiter.continuation.finish() }
            state.waiters.removeAll { $0.isMet(sleeping) }
            return state.lastSleeper
        }
        for await _ in stream {}
        _ = state.withLock { $0.sleepers.removeValue(forKey: id) }
        try Task.checkCancellation()
    }
}
