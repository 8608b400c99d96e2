/// A duration of the configuration: `900s`, `15m`, `2h`, `30d`, or a number of seconds.
struct ConfigurationDuration: Sendable, Comparable, CustomStringConvertible {
    let seconds: Int
    /// The number with its unit.
    let description: String

    private static let units: [(letter: Character, seconds: Int)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]

    private init(_ count: Int, _ unit: (letter: Character, seconds: Int)) {
        seconds = count * unit.seconds
        description = "\(count)\(unit.letter)"
    }

    static func seconds(_ count: Int) -> Self { Self(count, ("s", 1)) }
    static func minutes(_ count: Int) -> Self { Self(count, ("m", 60)) }
    static func hours(_ count: Int) -> Self { Self(count, ("h", 3_600)) }
    static func days(_ count: Int) -> Self { Self(count, ("d", 86_400)) }

    /// nil where the text is not a duration.
    init?(_ text: String) {
        let unit = Self.units.first { $0.letter == text.last }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard (1...10).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let count = Int(digits)
        else { return nil }
        self.init(count, unit ?? ("s", 1))
    }

    /// Chooses the largest unit that gives an integer of at least two, else the largest that gives an integer.
    init(seconds: Int) {
        let whole = Self.units.filter { seconds.isMultiple(of: $0.seconds) }
        let unit = whole.first { seconds >= 2 * $0.seconds } ?? whole.last ?? ("s", 1)
        self.init(seconds / unit.seconds, unit)
    }

    static func == (left: Self, right: Self) -> Bool { left.seconds == right.seconds }

    static func < (left: Self, right: Self) -> Bool { left.seconds < right.seconds }
}
