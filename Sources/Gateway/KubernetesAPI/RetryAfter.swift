public import FoundationEssentials

/// The `Retry-After` field (RFC 9110 §10.2.3): seconds, or a date.
public enum RetryAfter {
    /// Reads the field's value.
    ///
    /// Of the three date forms only IMF-fixdate is read: the others are obsolete (RFC 9110 §5.6.7).
    ///
    /// - Returns: seconds from `now`, 0 for a date that has passed; nil if it is neither form.
    public static func seconds(_ field: String, at now: Date) -> Int? {
        let text = field.split(separator: " ", omittingEmptySubsequences: false)
        if text.count == 1 {
            guard !field.isEmpty, field.utf8.allSatisfy(isDigit) else { return nil }
            return Int(field) ?? Int.max
        }
        guard text.count == 6, text[0].utf8.count == 4, text[0].hasSuffix(","), text[5] == "GMT",
            let day = number(text[1], digits: 2), (1...31).contains(day),
            let month = months.firstIndex(of: String(text[2])), let year = number(text[3], digits: 4)
        else { return nil }
        let time = text[4].split(separator: ":", omittingEmptySubsequences: false).map { number($0, digits: 2) }
        guard time.count == 3, let hour = time[0], hour < 24, let minute = time[1], minute < 60, let second = time[2],
            second <= 60
        else { return nil }
        let days = days(year: year, month: month + 1, day: day)
        let date = Double(days * 86_400 + hour * 3600 + minute * 60 + second)
        return max(0, Int((date - now.timeIntervalSince1970).rounded(.up)))
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func number(_ text: Substring, digits: Int) -> Int? {
        guard text.utf8.count == digits, text.utf8.allSatisfy(isDigit) else { return nil }
        return Int(text)
    }

    /// Days since 1970-01-01 in the Gregorian calendar. The year begins in March here, so that a leap day is its
    /// last day.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
