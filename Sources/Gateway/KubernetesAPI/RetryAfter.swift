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
        guard let date = HTTPDate.date(field) else { return nil }
        return max(0, Int(date.timeIntervalSince(now).rounded(.up)))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
