/// Which Events are due: one for each key in ``PodEvent/interval``, and of all no more than the API server is to have.
/// It keeps as many keys as the rate lets in.
package struct PodEventThrottle: Sendable {
    package enum Verdict: Sendable, Equatable {
        case due
        /// It was told within the interval.
        case repeated
        /// Too many at a time.
        case limited
    }

    /// Of one replica.
    package struct Limits: Sendable {
        /// Events a second.
        package var rate = 5.0
        /// Events at once, after a time without any.
        package var burst = 50.0
        /// Keys that are kept; above ``burst`` and what ``rate`` lets in within the interval it bounds nothing.
        package var keys = 4096

        package init() {}
    }

    private let limits: Limits
    private var told: [PodEvent.Key: Double] = [:]
    private var tokens: Double
    private var filled: Double?

    package init(_ limits: Limits = Limits()) {
        self.limits = limits
        tokens = limits.burst
    }

    /// Keys that are kept now.
    var count: Int { told.count }

    /// Whether an Event is due; one that is counts as told.
    ///
    /// - Parameter now: monotonic seconds.
    package mutating func verdict(on key: PodEvent.Key, at now: Double) -> Verdict {
        if let last = told[key], now - last < PodEvent.interval { return .repeated }
        tokens = min(limits.burst, tokens + max(0, now - (filled ?? now)) * limits.rate)
        filled = now
        guard tokens >= 1 else { return .limited }
        if told.count >= limits.keys { told = told.filter { now - $0.value < PodEvent.interval } }
        guard told.count < limits.keys || told[key] != nil else { return .limited }
        tokens -= 1
        told[key] = now
        return .due
    }

    /// The Event was not told after all.
    package mutating func forget(_ key: PodEvent.Key) { told[key] = nil }
}
