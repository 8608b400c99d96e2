/// How long a failed step waits: exponential, with full jitter, so that many endpoints do not come back together.
package enum PublicationBackoff {
    /// Seconds.
    static let longest = 300.0

    /// Seconds until the next attempt; half a second at least, and never before the other side wants it.
    ///
    /// - Parameters:
    ///   - failures: in a row; 1 or more.
    ///   - random: from 0 to 1.
    package static func delay(failures: Int, retryAfter: Int?, random: Double) -> Double {
        let bound = min(longest, Double(1 << min(max(failures, 1), 9)))
        return max(0.5, random * bound, Double(retryAfter ?? 0))
    }
}
