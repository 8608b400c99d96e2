/// Exponential backoff with full jitter, so that many callers do not retry at the same time.
package struct Backoff: Sendable, Equatable {
    /// Upper bound of the first delay, in seconds. It doubles with each further failure.
    package let first: Double
    /// Upper bound of every delay, in seconds.
    package let longest: Double
    /// Lower bound of every delay, in seconds.
    package let shortest: Double
    /// The longest `Retry-After` that is honored, in seconds.
    package let longestRetryAfter: Double

    /// For calls of the API server and of the key store.
    package static let calls = Backoff(first: 0.5, longest: 30, shortest: 0, longestRetryAfter: 30)
    /// For the publication of documents, where the service may ask for a longer delay.
    package static let publication = Backoff(first: 2, longest: 300, shortest: 0.5, longestRetryAfter: .infinity)

    /// Seconds until the next attempt; at least `retryAfter`, up to ``longestRetryAfter``.
    ///
    /// - Parameters:
    ///   - failures: consecutive failures; 1 or more.
    ///   - retryAfter: `Retry-After` of the last response, in seconds; nil where it had none.
    ///   - random: from 0 to 1.
    package func delay(failures: Int, retryAfter: Int?, random: Double) -> Double {
        let bound = min(longest, first * Double(1 << min(max(failures - 1, 0), 10)))
        return max(shortest, random * bound, min(Double(retryAfter ?? 0), longestRetryAfter))
    }
}
