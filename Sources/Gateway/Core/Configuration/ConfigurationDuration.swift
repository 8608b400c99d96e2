/// Spans of time as a configuration writes them: `900s`, `15m`, `2h`, `30d`; a bare number is seconds.
enum ConfigurationDuration {
    private static let units: [(letter: Character, seconds: Int)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]

    /// - Returns: seconds; nil where the text is no span.
    static func seconds(_ text: String) -> Int? {
        let unit = units.first { $0.letter == text.last }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard (1...10).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(digits)
        else { return nil }
        return number * (unit?.seconds ?? 1)
    }

    /// In the largest unit of which there are two or more, else in the largest that fits.
    static func text(_ seconds: Int) -> String {
        let whole = units.filter { seconds.isMultiple(of: $0.seconds) }
        let unit = whole.first { seconds >= 2 * $0.seconds } ?? whole.last ?? ("s", 1)
        return "\(seconds / unit.seconds)\(unit.letter)"
    }
}
