import FoundationEssentials
import GatewayCore

/// Time and chance, for what waits and tries again; a test brings its own.
struct Scheduler: Sendable {
    /// What a calendar says.
    let now: @Sendable () -> Date
    /// Seconds since some moment; never set, and counting while the machine or the process was stopped.
    let monotonic: @Sendable () -> Double
    /// From 0 to 1.
    let random: @Sendable () -> Double
    /// Waits so many seconds; throws where cancelled.
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
