/// The value of a comparison in a filter: UTF-8 that is compared by bytes.
///
/// `String` is not used, since its `==` is true for canonically equivalent sequences of Unicode scalars. The order of UTF-8
/// bytes is that of the scalars.
struct AssertionValue: Sendable, Equatable {
    let bytes: [UInt8]

    /// nil where the bytes are not UTF-8.
    init?(_ bytes: [UInt8]) {
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        self.bytes = bytes
    }

    init(_ text: String) { bytes = Array(text.utf8) }

    var isEmpty: Bool { bytes.isEmpty }

    func equals(_ value: String) -> Bool { value.utf8.count == bytes.count && value.utf8.elementsEqual(bytes) }

    /// Whether `value` is equal or greater.
    func isAtMost(_ value: String) -> Bool { !value.utf8.lexicographicallyPrecedes(bytes) }

    /// Whether `value` is equal or less.
    func isAtLeast(_ value: String) -> Bool { !bytes.lexicographicallyPrecedes(value.utf8) }

    /// The value in a filter (RFC 4515 §3). Control characters are escaped as well, since they are not visible.
    var filterText: String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "\\"), 0..<0x20, 0x7f:
                text.append(UInt8(ascii: "\\"))
                text.append(contentsOf: [Self.digits[Int(byte >> 4)], Self.digits[Int(byte & 15)]])
            default: text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let digits = Array("0123456789abcdef".utf8)
}

/// `initial*any*any*final` (RFC 4511 §4.5.1.7.2); at least one part, and none of them empty.
struct SubstringAssertion: Sendable, Equatable {
    var initial: AssertionValue?
    var middle: [AssertionValue] = []
    var final: AssertionValue?

    /// Whether the value contains the parts in their order, without overlaps.
    func matches(_ value: String) -> Bool {
        var rest = Array(value.utf8)[...]
        if let initial {
            guard rest.starts(with: initial.bytes) else { return false }
            rest = rest.dropFirst(initial.bytes.count)
        }
        if let final {
            guard rest.count >= final.bytes.count, rest.suffix(final.bytes.count).elementsEqual(final.bytes) else {
                return false
            }
            rest = rest.dropLast(final.bytes.count)
        }
        // The first occurrence of a part is sufficient: it leaves most of the value for the following parts.
        for part in middle {
            guard let end = Self.endOfFirst(part.bytes, in: rest) else { return false }
            rest = rest[end...]
        }
        return true
    }

    private static func endOfFirst(_ part: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
        var start = text.startIndex
        while text.endIndex - start >= part.count {
            if text[start...].starts(with: part) { return start + part.count }
            start += 1
        }
        return nil
    }

    var filterText: String {
        let parts = [initial?.filterText ?? ""] + middle.map(\.filterText) + [final?.filterText ?? ""]
        return parts.joined(separator: "*")
    }
}
