public import FoundationEssentials

/// Times with microseconds (MicroTime, meta/v1), such as `2026-05-08T14:40:00.000000Z`.
public enum MicroTime {
    /// Formats a time in UTC.
    public static func text(_ date: Date) -> String {
        let microseconds = Int((date.timeIntervalSince1970 * 1e6).rounded(.down))
        let (seconds, rest) = (microseconds.flooredQuotient(1_000_000), microseconds.flooredRemainder(1_000_000))
        let whole = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
        let digits = String(rest)
        return "\(whole.dropLast()).\(String(repeating: "0", count: 6 - digits.utf8.count))\(digits)Z"
    }
}

extension Int {
    fileprivate func flooredRemainder(_ divisor: Int) -> Int { ((self % divisor) + divisor) % divisor }
    fileprivate func flooredQuotient(_ divisor: Int) -> Int { (self - flooredRemainder(divisor)) / divisor }
}
