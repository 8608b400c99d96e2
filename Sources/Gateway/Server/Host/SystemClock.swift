import CSystemTime

/// The machine's clock, as its kernel knows it.
enum SystemClock {
    /// Whether a daemon (NTP, PTP) synchronizes the clock now, adjtimex(2). The kernel forgets that when the clock is
    /// set. False where it cannot be asked.
    ///
    /// - Parameter maximumError: in seconds.
    static func isSynchronized(within maximumError: Double) -> Bool {
        let microseconds = sts_clock_maximum_error()
        return microseconds >= 0 && Double(microseconds) / 1e6 <= maximumError
    }
}
