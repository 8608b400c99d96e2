public import FoundationEssentials

/// A date in a field of an HTTP message (RFC 9110 §5.6.7), such as `Sun, 06 Nov 1994 08:49:37 GMT`.
public enum HTTPDate {
    /// Reads the form IMF-fixdate; the two others are obsolete.
    ///
    /// - Returns: nil if it is not of that form.
    public static func date(_ field: String) -> Date? {
        let text = Array(field.utf8)
        guard text.count == pattern.count, zip(text, pattern).allSatisfy(conforms),
            let month = months.firstIndex(where: { text[8...10].elementsEqual($0.utf8) })
        else { return nil }
        func number(_ digits: ClosedRange<Int>) -> Int {
            text[digits].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        }
        let (day, year) = (number(5...6), number(12...15))
        let (hour, minute, second) = (number(17...18), number(20...21), number(23...24))
        guard (1...31).contains(day), hour < 24, minute < 60, second <= 60 else { return nil }
        let days = days(year: year, month: month + 1, day: day)
        return Date(timeIntervalSince1970: Double(days * 86_400 + hour * 3600 + minute * 60 + second))
    }

    /// `D` is a digit, and `x` what is not a space; all else is itself.
    private static let pattern = Array("xxx, DD xxx DDDD DD:DD:DD GMT".utf8)
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func conforms(_ byte: UInt8, to pattern: UInt8) -> Bool {
        switch pattern {
        case UInt8(ascii: "D"): (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        case UInt8(ascii: "x"): byte != UInt8(ascii: " ")
        default: byte == pattern
        }
    }

    /// Days since 1970-01-01 in the Gregorian calendar. The year begins in March here, so that a leap day is its
    /// last day.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
