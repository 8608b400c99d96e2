/// When an endpoint's token is fetched next. Times are seconds by ``Clock/boot()``; `random` is uniform in 0 ..< 1.
struct RefreshSchedule: Equatable {
    /// The next attempt.
    private(set) var due: Double
    /// From here on the attempt may be made early, where the program is awake for another endpoint anyway.
    private(set) var earliest: Double
    /// Attempts that failed since the last token.
    private(set) var failures = 0
    /// The end of the token in the file; nil where none was fetched.
    private(set) var tokenEnd: Double?

    static let longestBackoff = 60.0
    static let longestRetryAfter = 600.0

    init(at now: Double) {
        due = now
        earliest = now
    }

    func isDue(at now: Double) -> Bool { earliest <= now }

    func isTokenValid(at now: Double) -> Bool { tokenEnd.map { now < $0 } ?? false }

    /// A token came that lives for so many seconds: the next one is fetched at two thirds of that, 10 % earlier or later.
    mutating func succeeded(at now: Double, life: Double, random: Double) {
        failures = 0
        tokenEnd = now + life
        let middle = life * 2 / 3
        earliest = now + max(middle * 0.9, 0.5)
        due = now + max(middle * (0.9 + 0.2 * random), 0.5)
    }

    /// No token came: the next attempt is after a random part of 1 s, 2 s, 4 s … 60 s, and not before the gateway wants
    /// to be asked again (ten minutes at most).
    mutating func failed(at now: Double, retryAfter: Int?, random: Double) {
        let ceiling = min(Self.longestBackoff, Double(1 << min(failures, 6)))
        failures += 1
        var delay = max(0.2, ceiling * random)
        if let retryAfter {
            let asked = min(Double(retryAfter), Self.longestRetryAfter)
            delay = asked + min(asked / 10 + 1, ceiling) * random
        }
        due = now + delay
        earliest = due
    }
}
