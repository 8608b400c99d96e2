/// A limit of calls: a token bucket that holds up to `burst` calls and gains `perSecond` each second.
package struct RateLimit: Sendable, Equatable {
    /// 1 or more.
    package let perSecond: Int
    /// 1 or more.
    package let burst: Int

    package init(perSecond: Int, burst: Int) {
        self.perSecond = max(1, perSecond)
        self.burst = max(1, burst)
    }

    /// Seconds until a spent call is available again.
    var interval: Double { 1 / Double(perSecond) }

    /// Seconds until an empty bucket is full.
    var fillTime: Double { Double(burst) * interval }
}
