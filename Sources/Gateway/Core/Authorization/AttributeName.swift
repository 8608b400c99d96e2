/// The syntax of attribute names in filters, independent of whether the attribute exists.
enum AttributeName {
    /// An attribute description (RFC 4512 §2.5): a word or a numeric object identifier, then options after semicolons.
    /// Or, beyond the RFC, a word, a slash and a Kubernetes key, such as `name/example.com/key`.
    static func isWellFormed(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        if let slash = bytes.firstIndex(of: UInt8(ascii: "/")) {
            let key = bytes[(slash + 1)...]
            return isWord(bytes[..<slash]) && !key.isEmpty && key.allSatisfy { isKeyByte($0) }
        }
        let parts = bytes.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        return parts.enumerated().allSatisfy { index, part in
            index > 0 ? !part.isEmpty && part.allSatisfy(isWordByte) : isWord(part) || isObjectIdentifier(part)
        }
    }

    /// `keystring` (RFC 4512 §1.4): a letter, then letters, digits and hyphens.
    private static func isWord(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, !isDigit(first), first != UInt8(ascii: "-") else { return false }
        return bytes.allSatisfy(isWordByte)
    }

    /// `numericoid` (RFC 4512 §1.4): numbers without leading zeros, two at least, joined by dots.
    private static func isObjectIdentifier(_ bytes: ArraySlice<UInt8>) -> Bool {
        let numbers = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return numbers.count > 1
            && numbers.allSatisfy { number in
                !number.isEmpty && number.allSatisfy(isDigit)
                    && (number.count == 1 || number.first != UInt8(ascii: "0"))
            }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"): true
        default: isDigit(byte)
        }
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        isWordByte(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "/")
    }
}
