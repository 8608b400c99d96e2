package import FoundationEssentials

/// Times of the status. Formatted here, since a page has thousands of them.
package enum StatusTime {
    /// ISO 8601 in UTC with whole seconds, such as `2026-05-08T14:56:00Z`.
    package static func text(_ date: Date) -> String {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        // Four digits of a year.
        guard seconds >= 0, seconds < 253_402_300_800 else { return date.formatted(.iso8601) }
        let total = Int(seconds)
        let (days, rest) = total.quotientAndRemainder(dividingBy: 86_400)
        let (year, month, day) = civil(days)
        var text: [UInt8] = []
        text.reserveCapacity(20)
        append(year, 4, to: &text)
        text.append(UInt8(ascii: "-"))
        append(month, 2, to: &text)
        text.append(UInt8(ascii: "-"))
        append(day, 2, to: &text)
        text.append(UInt8(ascii: "T"))
        append(rest / 3_600, 2, to: &text)
        text.append(UInt8(ascii: ":"))
        append(rest / 60 % 60, 2, to: &text)
        text.append(UInt8(ascii: ":"))
        append(rest % 60, 2, to: &text)
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    /// A duration in its two largest units, such as `2 d 3 h`.
    package static func text(seconds: Double) -> String {
        let total = Int(max(0, min(seconds, 1e12)).rounded())
        let units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)]
        guard let first = units.firstIndex(where: { total >= $0.1 }) else { return "0 s" }
        let (count, rest) = total.quotientAndRemainder(dividingBy: units[first].1)
        var text = "\(count) \(units[first].0)"
        if first + 1 < units.count, rest / units[first + 1].1 > 0 {
            text += " \(rest / units[first + 1].1) \(units[first + 1].0)"
        }
        return text
    }

    /// The date of the proleptic Gregorian calendar that is so many days after 1970-01-01. The year begins in March, so
    /// that the leap day is its last one.
    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        )
    }

    private static func append(_ number: Int, _ digits: Int, to text: inout [UInt8]) {
        var divisor = digits == 4 ? 1_000 : 10
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}
