/// The time of the next request for an endpoint's token. Times are seconds of ``Clock/boot()``; `random` is uniform in
/// 0 ..< 1.
package struct RefreshSchedule: Sendable, Equatable {
    /// The next attempt.
    package private(set) var due: Double
    /// The earliest time of the next attempt, used if the process is awake for another endpoint.
    package private(set) var earliest: Double
    /// The number of failed attempts since the last token.
    package private(set) var failures = 0
    /// The expiration of the token in the file; nil if none was fetched.
    package private(set) var tokenExpiration: Double?

    package static let maximumBackoff = 60.0
    package static let maximumRetryAfter = 600.0

    package init(at now: Double) {
        due = now
        earliest = now
    }

    package func isDue(at now: Double) -> Bool { earliest <= now }

    package func isTokenValid(at now: Double) -> Bool { tokenExpiration.map { now < $0 } ?? false }

    /// Schedules the refresh of a received token at two thirds of its lifetime ± 10 %, and while the token remains valid
    /// for `remaining` more seconds. A token that is not valid for so long is refreshed after a half of its lifetime.
    ///
    /// - Parameter lifetime: seconds.
    package mutating func succeeded(at now: Double, lifetime: Double, remaining: Double = 0, random: Double) {
        failures = 0
        tokenExpiration = now + lifetime
        let latest = lifetime > remaining ? lifetime - remaining : lifetime / 2
        let middle = min(lifetime * 2 / 3, latest / 1.1)
        earliest = now + max(middle * 0.9, 0.5)
        due = now + max(middle * (0.9 + 0.2 * random), 0.5)
    }

    /// Schedules the next attempt after a failure: exponential backoff with full jitter (1 s, 2 s, 4 s … 60 s), but not
    /// before `retryAfter` (ten minutes at most).
    package mutating func failed(at now: Double, retryAfter: Int?, random: Double) {
        let ceiling = min(Self.maximumBackoff, Double(1 << min(failures, 6)))
        failures += 1
        var delay = max(0.2, ceiling * random)
        if let retryAfter {
            let asked = min(Double(retryAfter), Self.maximumRetryAfter)
            delay = asked + min(asked / 10 + 1, ceiling) * random
        }
        due = now + delay
        earliest = due
    }
}
