import FoundationEssentials
import Synchronization

@testable import GatewayServer

/// Time that moves when a test says so, with those who wait for it in sight.
final class ManualPacing: Sendable {
    private struct Sleeper {
        let seconds: Double
        let due: Double
        let continuation: AsyncStream<Never>.Continuation
    }

    private struct Waiter {
        let matches: @Sendable (_ seconds: Double, _ ordinal: Int) -> Bool
        let continuation: AsyncStream<Never>.Continuation
    }

    private struct State {
        var time = 0.0
        var sleepers: [Int: Sleeper] = [:]
        var lastSleeper = 0
        var waiters: [Waiter] = []
        var slept: [Double] = []
    }

    private let state = Mutex(State())
    /// Whether every wait ends at once, with the time moved on by it.
    private let isImpatient: Bool
    private let random: Double

    init(isImpatient: Bool = false, random: Double = 0) {
        self.isImpatient = isImpatient
        self.random = random
    }

    var pacing: Pacing {
        Pacing(
            now: { [self] in ExampleGateway.now.addingTimeInterval(time) }, monotonic: { [self] in time },
            random: { [random] in random }, sleep: { [self] in try await sleep($0) })
    }

    var time: Double { state.withLock { $0.time } }
    /// All waits that were begun so far, in seconds.
    var slept: [Double] { state.withLock { $0.slept } }

    /// Moves the time on and wakes whose time has come.
    func advance(by seconds: Double) {
        let due = state.withLock { state in
            state.time += seconds
            let due = state.sleepers.filter { $0.value.due <= state.time }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for sleeper in due { sleeper.finish() }
    }

    /// Moves the time on and wakes nobody, as for a process that was stopped.
    func pass(_ seconds: Double) { state.withLock { $0.time += seconds } }

    /// Returns once somebody waits for so many seconds, or when cancelled.
    func waitForSleeper(_ matches: @escaping @Sendable (Double) -> Bool = { _ in true }) async {
        await wait { seconds, _ in matches(seconds) }
    }

    /// Returns once a wait is under way that is the second, fourth and so on of all.
    func waitForEvenSleeper() async { await wait { _, ordinal in ordinal.isMultiple(of: 2) } }

    private func wait(_ matches: @escaping @Sendable (Double, Int) -> Bool) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        state.withLock { state in
            if state.sleepers.contains(where: { matches($0.value.seconds, $0.key) }) {
                continuation.finish()
            } else {
                state.waiters.append(Waiter(matches: matches, continuation: continuation))
            }
        }
        for await _ in stream {}
    }

    private func sleep(_ seconds: Double) async throws {
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
            let ordinal = state.lastSleeper
            let told = state.waiters.filter { $0.matches(seconds, ordinal) }
            state.waiters.removeAll { $0.matches(seconds, ordinal) }
            for waiter in told { waiter.continuation.finish() }
            return state.lastSleeper
        }
        for await _ in stream {}
        _ = state.withLock { $0.sleepers.removeValue(forKey: id) }
        try Task.checkCancellation()
    }
}
