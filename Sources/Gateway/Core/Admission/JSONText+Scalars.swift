import JOSE

// Numbers and strings.

extension JSONText {
    mutating func number() throws(Problem) -> JSONValue {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        let first = current
        let digits = skipDigits()
        guard digits > 0, first != UInt8(ascii: "0") || digits == 1 else { throw problem("no value") }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard skipDigits() > 0 else { throw problem("no digit after a point") }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() > 0 else { throw problem("no digit in an exponent") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw problem("a number that is too great") }
        return .number(value)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position - start
    }

    mutating func string() throws(Problem) -> String {
        position += 1
        let start = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        var text = bytes[start..<position]
        while let byte = current {
            guard byte >= 0x20 else { throw problem("a control character within a string") }
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw problem("no UTF-8") }
                return string
            case UInt8(ascii: "\\"): text.append(contentsOf: String(try escaped()).utf8)
            default: text.append(byte)
            }
        }
        throw problem("a string without an end")
    }

    private mutating func escaped() throws(Problem) -> Unicode.Scalar {
        guard let byte = current else { throw problem("a string without an end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try codePoint()
        default: throw problem("an unknown escape")
        }
    }

    /// Four hexadecimal digits, or a pair of them for what lies beyond U+FFFF.
    private mutating func codePoint() throws(Problem) -> Unicode.Scalar {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard bytes[position...].starts(with: #"\u"#.utf8) else { throw problem("half a pair of surrogates") }
        position += 2
        let second = try codeUnit()
        var decoder = UTF16()
        var units = [first, second].makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&units) else { throw problem("half a pair of surrogates") }
        return scalar
    }

    private mutating func codeUnit() throws(Problem) -> UInt16 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy(Self.isHexadecimal),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw problem("an unknown escape") }
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
