package import FoundationEssentials

/// Times in the audit and in the log: RFC 3339 in UTC with milliseconds, such as `2026-03-01T12:00:00.000Z`.
package enum Timestamp {
    /// The text of a time from the year 1583 to 9999. Foundation formats the others; its earlier dates are Julian.
    package static func text(_ time: Date) -> String {
        let seconds = time.timeIntervalSinceReferenceDate
        let whole = seconds.rounded(.down)
        guard (earliest...latest).contains(whole) else { return time.formatted(style) }
        let milliseconds = Int((seconds - whole) * 1e9) / 1_000_000
        let (days, second) = (Int(whole) + secondsUntilReference).quotientAndRemainder(dividingBy: 86_400)
        let (year, month, day) = date(days)
        return String(unsafeUninitializedCapacity: 24) { text in
            var end = 0
            func write(_ value: Int, _ digits: Int, then separator: Unicode.Scalar) {
                var rest = value
                for index in stride(from: end + digits - 1, through: end, by: -1) {
                    text[index] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
                    rest /= 10
                }
                text[end + digits] = UInt8(ascii: separator)
                end += digits + 1
            }
            write(year, 4, then: "-")
            write(month, 2, then: "-")
            write(day, 2, then: "T")
            write(second / 3_600, 2, then: ":")
            write(second / 60 % 60, 2, then: ":")
            write(second % 60, 2, then: ".")
            write(milliseconds, 3, then: "Z")
            return end
        }
    }

    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    /// Seconds from 0000-01-01 to 2001-01-01, the reference date of `Date`.
    private static let secondsUntilReference = daysBefore(year: 2_001) * 86_400
    private static let earliest = Double((daysBefore(year: 1_583) - daysBefore(year: 2_001)) * 86_400)
    private static let latest = Double((daysBefore(year: 10_000) - daysBefore(year: 2_001)) * 86_400 - 1)

    /// Days from 0000-01-01 to the first day of the year, in the Gregorian calendar.
    private static func daysBefore(year: Int) -> Int {
        let last = year - 1
        // The year 0 is a leap year.
        return 366 + 365 * last + last / 4 - last / 100 + last / 400
    }

    /// - Parameter days: from 0000-01-01.
    private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        // 400 years have 146,097 days. The estimate is at most one too high.
        var year = (days + 1) * 400 / 146_097
        if daysBefore(year: year) > days { year -= 1 }
        if daysBefore(year: year + 1) <= days { year += 1 }
        let isLeap = daysBefore(year: year + 1) - daysBefore(year: year) == 366
        var (month, day) = (1, days - daysBefore(year: year))
        while month < 12 {
            let length =
                month == 2 ? (isLeap ? 29 : 28) : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
            if day < length { break }
            day -= length
            month += 1
        }
        return (year, month, day + 1)
    }
}
