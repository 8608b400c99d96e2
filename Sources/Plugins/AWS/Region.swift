/// A region's name, such as `eu-central-1`: lower-case words and a final number. The form is checked, not a list: AWS adds
/// regions each year.
struct Region: Hashable, Sendable, CustomStringConvertible {
    let rawValue: String

    init?(_ text: String) {
        let words = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard text.utf8.count <= 32, (3...4).contains(words.count), let number = words.last,
            (1...2).contains(number.count), number.allSatisfy(Self.digits.contains), number.first != UInt8(ascii: "0"),
            words[0].count >= 2, words.dropLast().allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.letters.contains) })
        else { return nil }
        rawValue = text
    }

    /// The partition of the region and its roles.
    var partition: Partition {
        if rawValue.hasPrefix("cn-") { return .china }
        return rawValue.hasPrefix("us-gov-") ? .govCloud : .commercial
    }

    var description: String { rawValue }

    private static let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
}
