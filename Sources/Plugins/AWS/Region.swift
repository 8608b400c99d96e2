/// A region's name, such as `eu-central-1`: lower-case words and a final number. The form is checked, not a list: AWS adds
/// regions each year.
struct Region: Hashable, Sendable, CustomStringConvertible {
    let rawValue: String
    /// The partition of the region and its roles.
    let partition: Partition

    /// - Parameter partition: nil for that of the name's first words.
    /// - Returns: nil where the name has another form, or is not of a known partition, or of another one than `partition`.
    init?(_ text: String, in partition: Partition? = nil) {
        guard Self.isWellFormed(text) else { return nil }
        let known = Partition(ofRegion: text.split(separator: "-"))
        guard let found = known ?? partition, found == partition ?? found else { return nil }
        rawValue = text
        self.partition = found
    }

    /// Whether the text has the form of a region's name.
    static func isWellFormed(_ text: String) -> Bool {
        let words = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard text.utf8.count <= 32, (3...4).contains(words.count), let number = words.last,
            (1...2).contains(number.count), number.allSatisfy(Self.digits.contains), number.first != UInt8(ascii: "0"),
            words[0].count >= 2, words.dropLast().allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.letters.contains) })
        else { return false }
        return true
    }

    var description: String { rawValue }

    private static let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
}
