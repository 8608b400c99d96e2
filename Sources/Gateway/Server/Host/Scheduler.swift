import FoundationEssentials
import GatewayCore

/// Clocks, randomness and sleeping; tests pass their own.
struct Scheduler: Sendable {
    /// The wall-clock time.
    let now: @Sendable () -> Date
    /// Seconds since an arbitrary time, of a clock that is never set and that advances while the machine or the process
    /// is suspended.
    let monotonic: @Sendable () -> Double
    /// Returns a number from 0 to 1.
    let random: @Sendable () -> Double
    /// Waits this many seconds; throws when cancelled.
    let sleep: @Sendable (Double) async throws -> Void

    static func system(clock: @escaping @Sendable () -> Date) -> Scheduler {
        let start = ContinuousClock.now
        return Scheduler(
            now: clock, monotonic: { (ContinuousClock.now - start) / .seconds(1) },
            random: { Double.random(in: 0..<1) },
            sleep: { try await Task.sleep(for: .seconds($0), tolerance: nil, clock: .continuous) })
    }

    /// Seconds until the next attempt of a call.
    ///
    /// - Parameter failures: consecutive failures; 1 or more.
    func backoff(failures: Int, retryAfter: Int?) -> Double {
        Backoff.calls.delay(failures: failures, retryAfter: retryAfter, random: random())
    }
}
