/// A string that is compared and hashed by its code units.
///
/// `String` compares by canonical equivalence: U+00E9 equals U+0065 U+0301, and U+212A (Kelvin sign) equals K. Names
/// that come from outside (members of objects, parameters, attributes) are compared by code units instead: RFC 8259
/// §8.3.
public struct ExactString: Hashable, Sendable {
    /// The string.
    public let string: String

    /// Wraps a string.
    public init(_ string: some StringProtocol) { self.string = String(string) }

    /// Whether both have the same code units.
    public static func == (left: ExactString, right: ExactString) -> Bool { left.string.isExactly(right.string) }

    /// Hashes the code units.
    public func hash(into hasher: inout Hasher) {
        var copy = string
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(0xFF as UInt8)
    }
}

extension Sequence where Element: StringProtocol {
    /// Whether one of the strings has the same code units.
    public func containsExactly(_ string: some StringProtocol) -> Bool { contains { $0.isExactly(string) } }
}

extension String {
    /// Whether both strings have the same code units, not only canonically equivalent ones.
    public func isExactly(_ other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        let isSame = utf8.withContiguousStorageIfAvailable { own in
            other.utf8.withContiguousStorageIfAvailable { own.elementsEqual($0) }
        }
        // Strings of Swift are contiguous.
        return (isSame ?? nil) ?? utf8.elementsEqual(other.utf8)
    }
}

extension Sequence where Element == String {
    /// Whether one of the strings has the same code units.
    public func containsExactly(_ string: String) -> Bool { contains { $0.isExactly(string) } }
}

extension StringProtocol {
    /// Whether both strings have the same code units, not only canonically equivalent ones.
    public func isExactly(_ other: some StringProtocol) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}
