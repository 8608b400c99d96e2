/// A token bucket, stored as the time at which it is full again. One that is full is no different from a new one.
struct TokenBucket: Sendable {
    /// The rounding of sums of intervals, in seconds.
    private static let tolerance = 1e-9

    /// Monotonic seconds.
    private var fullAt = -Double.infinity

    /// Seconds until the bucket has a call; 0 where it has one.
    ///
    /// - Parameter now: monotonic seconds.
    func wait(_ limit: RateLimit, at now: Double) -> Double {
        let wait = max(fullAt, now) + limit.interval - now - limit.fillTime
        return wait > Self.tolerance ? wait : 0
    }

    /// Takes a call. An empty bucket stays empty.
    mutating func spend(_ limit: RateLimit, at now: Double) {
        fullAt = min(max(fullAt, now) + limit.interval, now + limit.fillTime)
    }

    /// Whether no call is missing.
    func isFull(at now: Double) -> Bool { fullAt <= now }
}
