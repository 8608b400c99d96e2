// Numbers and strings.

extension JSONParser {
    mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        let first = current
        let digits = skipDigits()
        guard digits > 0, first != UInt8(ascii: "0") || digits == 1 else { throw error("invalid value") }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard skipDigits() > 0 else { throw error("expected a digit after the decimal point") }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() > 0 else { throw error("expected a digit in the exponent") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw error("number out of range") }
        return .number(value)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position - start
    }

    mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        skipPlainText()
        if current == UInt8(ascii: "\"") {
            position += 1
            return try text(UnsafeBufferPointer(rebasing: bytes[start..<position - 1]))
        }
        var unescaped: [UInt8] = []
        unescaped.reserveCapacity(2 * (position - start) + 64)
        unescaped.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<position]))
        while let byte = current {
            guard byte >= 0x20 else { throw error("control character in a string") }
            position += 1
            guard byte == UInt8(ascii: "\\") else {
                return try unescaped.withUnsafeBufferPointer { utf8 throws(JSONError) in try text(utf8) }
            }
            try appendEscaped(to: &unescaped)
            let start = position
            skipPlainText()
            unescaped.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<position]))
        }
        throw error("unterminated string")
    }

    /// Checks a string that is not read.
    ///
    /// - Returns: whether it has escapes.
    mutating func skipString() throws(JSONError) -> Bool {
        guard isUTF8 else {
            // Its text must be looked at. The whole text is rejected in any case.
            _ = try string()
            return false
        }
        position += 1
        skipPlainText()
        var hasEscapes = false
        while let byte = current {
            guard byte >= 0x20 else { throw error("control character in a string") }
            position += 1
            guard byte == UInt8(ascii: "\\") else { return hasEscapes }
            hasEscapes = true
            try skipEscape()
            skipPlainText()
        }
        throw error("unterminated string")
    }

    private mutating func skipEscape() throws(JSONError) {
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "n"): position += 1
        default:
            var escaped: [UInt8] = []
            try appendEscaped(to: &escaped)
        }
    }

    /// The characters up to the end of the string, an escape, or an invalid character.
    private mutating func skipPlainText() {
        let raw = UnsafeRawBufferPointer(bytes)
        var end = position
        // Eight at a time, up to the first of those characters.
        while end + 8 <= raw.count {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: end, as: UInt64.self))
            let found = Self.specialBytes(of: word)
            guard found == 0 else {
                position = end + found.trailingZeroBitCount / 8
                return
            }
            end += 8
        }
        while end < raw.count {
            let byte = raw[end]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            end += 1
        }
        position = end
    }

    /// Whether none of the eight bytes is a quotation mark, a backslash or a control character.
    static func isPlain(_ word: UInt64) -> Bool { specialBytes(of: word) == 0 }

    /// The highest bits of the bytes that are a quotation mark, a backslash or a control character; above the lowest one
    /// of them, other bits may be set as well.
    ///
    /// `x - 0x20` borrows into the highest bit of a byte below 0x20, and `x - 1` into that of a zero byte, unless `x` has
    /// the bit itself. A byte that is borrowed from lies above one that is found.
    private static func specialBytes(of word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highest: UInt64 = 0x8080_8080_8080_8080
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let escapes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let controls = (word &- ones &* 0x20) & ~word
        return (controls | (quotes &- ones) & ~quotes | (escapes &- ones) & ~escapes) & highest
    }

    private func text(_ utf8: UnsafeBufferPointer<UInt8>) throws(JSONError) -> String {
        if isUTF8 { return String(decoding: utf8, as: UTF8.self) }
        guard let text = String(validating: utf8, as: UTF8.self) else { throw error("invalid UTF-8") }
        return text
    }

    private mutating func appendEscaped(to text: inout [UInt8]) throws(JSONError) {
        guard let byte = current else { throw error("unterminated string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x8)
        case UInt8(ascii: "f"): text.append(0xC)
        case UInt8(ascii: "n"): text.append(0xA)
        case UInt8(ascii: "r"): text.append(0xD)
        case UInt8(ascii: "t"): text.append(0x9)
        case UInt8(ascii: "u"): text.append(contentsOf: String(try codePoint()).utf8)
        default: throw error("invalid escape")
        }
    }

    /// Four hexadecimal digits, or a pair of them for what lies beyond U+FFFF.
    private mutating func codePoint() throws(JSONError) -> Unicode.Scalar {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard bytes[position...].starts(with: #"\u"#.utf8) else { throw error("unpaired surrogate") }
        position += 2
        let second = try codeUnit()
        var decoder = UTF16()
        var units = [first, second].makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&units) else { throw error("unpaired surrogate") }
        return scalar
    }

    private mutating func codeUnit() throws(JSONError) -> UInt16 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy(Self.isHexadecimal),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw error("invalid escape") }
        position += 4
        return unit
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
