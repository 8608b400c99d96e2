/// Limits Events: one for each key within ``PodEvent/interval``, and a maximum rate for all, to protect the API server.
package struct PodEventThrottle: Sendable {
    /// Whether an Event is due.
    package enum Verdict: Sendable, Equatable {
        case due
        /// The Event was reported within the interval.
        case repeated
        /// The rate is exceeded.
        case limited
    }

    /// The limits of one replica.
    package struct Limits: Sendable {
        /// Events per second.
        package var rate = 5.0
        /// The maximum burst.
        package var burst = 50.0
        /// The maximum number of stored keys; more than ``rate`` and ``burst`` permit within the interval.
        package var keys = 4096

        package init() {}
    }

    private let limits: Limits
    private var reported: [PodEvent.Key: Double] = [:]
    private var tokens: Double
    private var filled: Double?

    package init(_ limits: Limits = Limits()) {
        self.limits = limits
        tokens = limits.burst
    }

    /// The number of stored keys.
    var count: Int { reported.count }

    /// Decides whether an Event is due, and stores it as reported.
    ///
    /// - Parameter now: monotonic seconds.
    package mutating func verdict(on key: PodEvent.Key, at now: Double) -> Verdict {
        if let last = reported[key], now - last < PodEvent.interval { return .repeated }
        tokens = min(limits.burst, tokens + max(0, now - (filled ?? now)) * limits.rate)
        filled = now
        guard tokens >= 1 else { return .limited }
        if reported.count >= limits.keys { reported = reported.filter { now - $0.value < PodEvent.interval } }
        guard reported.count < limits.keys || reported[key] != nil else { return .limited }
        tokens -= 1
        reported[key] = now
        return .due
    }

    /// Removes an Event that could not be created.
    package mutating func remove(_ key: PodEvent.Key) { reported[key] = nil }
}
