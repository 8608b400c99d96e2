public import FoundationEssentials

/// A date in a field of an HTTP message (RFC 9110 §5.6.7), such as `Sun, 06 Nov 1994 08:49:37 GMT`.
public enum HTTPDate {
    /// Reads the form IMF-fixdate; the two others are obsolete.
    ///
    /// - Returns: nil if it is not of that form.
    public static func date(_ field: String) -> Date? {
        let text = field.split(separator: " ", omittingEmptySubsequences: false)
        guard text.count == 6, text[0].utf8.count == 4, text[0].hasSuffix(","), text[5] == "GMT",
            let day = number(text[1], digits: 2), (1...31).contains(day),
            let month = months.firstIndex(of: String(text[2])), let year = number(text[3], digits: 4)
        else { return nil }
        let time = text[4].split(separator: ":", omittingEmptySubsequences: false).map { number($0, digits: 2) }
        guard time.count == 3, let hour = time[0], hour < 24, let minute = time[1], minute < 60, let second = time[2],
            second <= 60
        else { return nil }
        let days = days(year: year, month: month + 1, day: day)
        return Date(timeIntervalSince1970: Double(days * 86_400 + hour * 3600 + minute * 60 + second))
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func number(_ text: Substring, digits: Int) -> Int? {
        guard text.utf8.count == digits, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
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
