public import FoundationEssentials

/// The clocks, the random numbers and the waiting that watches, elections and repeated calls use. Tests pass their own.
public struct KubernetesScheduler: Sendable {
    /// The current time of the calendar.
    public let now: @Sendable () -> Date
    /// Seconds since an arbitrary moment. It is never set, and includes the time for which the machine or the process
    /// was suspended.
    public let monotonic: @Sendable () -> Double
    /// A random number from 0 to 1.
    public let random: @Sendable () -> Double
    /// Waits for a number of seconds; throws if its task is cancelled.
    public let sleep: @Sendable (Double) async throws -> Void
    /// The delay in seconds before the next attempt, of the number of consecutive failures (1 or more) and the
    /// `Retry-After` of the last response in seconds.
    public let backoff: @Sendable (_ failures: Int, _ retryAfter: Int?) -> Double

    /// Creates a scheduler of its members.
    public init(
        now: @escaping @Sendable () -> Date, monotonic: @escaping @Sendable () -> Double,
        random: @escaping @Sendable () -> Double, sleep: @escaping @Sendable (Double) async throws -> Void,
        backoff: @escaping @Sendable (_ failures: Int, _ retryAfter: Int?) -> Double
    ) {
        self.now = now
        self.monotonic = monotonic
        self.random = random
        self.sleep = sleep
        self.backoff = backoff
    }
}
