import Glibc

/// The two clocks of the sidecar, in seconds.
package enum Clock {
    /// Since the machine's start, including suspended time. Schedules use it, so that a change of the wall clock does
    /// not affect them.
    package static func boot() -> Double { seconds(CLOCK_BOOTTIME) }

    /// Since 1970. The claims of a token are compared with it.
    package static func wall() -> Double { seconds(CLOCK_REALTIME) }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// RFC 3339 in UTC, whole seconds.
    package static func text(_ seconds: Double) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        func digits(_ number: Int32, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))T"
            + "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2))Z"
    }

    /// Uniform in 0 ..< 1.
    package static func random() -> Double { Double.random(in: 0..<1) }
}
