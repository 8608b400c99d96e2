extension JSONValue {
    /// The text in UTF-8, without white space. Infinities and NaN, which JSON does not have, become `null`.
    public var utf8Text: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(512)
        write(to: &output)
        return output
    }

    /// The text, without white space.
    public var text: String { String(decoding: utf8Text, as: UTF8.self) }

    /// The text with a line feed, for files with a value in each line.
    public var line: String {
        var output = utf8Text
        output.append(UInt8(ascii: "\n"))
        return String(decoding: output, as: UTF8.self)
    }

    func write(to output: inout [UInt8]) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): output.append(contentsOf: String(value).utf8)
        // JSON has no infinities and no NaN (RFC 8259 §6).
        case .number(let value): output.append(contentsOf: (value.isFinite ? String(value) : "null").utf8)
        case .string(let value): Self.write(value, to: &output)
        case .array(let values):
            output.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                value.write(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.write(member.name, to: &output)
                output.append(UInt8(ascii: ":"))
                member.value.write(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    static func write(_ string: String, to output: inout [UInt8]) {
        var string = string
        string.withUTF8 { bytes in
            var plain = plainCount(of: bytes[...])
            // What most strings are is appended at once.
            guard plain < bytes.count else { return output.appendQuoted(bytes) }
            output.append(UInt8(ascii: "\""))
            var rest = bytes[...]
            while let escaped = rest.dropFirst(plain).first {
                output.append(contentsOf: UnsafeBufferPointer(rebasing: rest.prefix(plain)))
                writeEscape(of: escaped, to: &output)
                rest = rest.dropFirst(plain + 1)
                plain = plainCount(of: rest)
            }
            output.append(contentsOf: UnsafeBufferPointer(rebasing: rest))
            output.append(UInt8(ascii: "\""))
        }
    }

    /// The number of bytes before the first one that needs an escape. Eight bytes are looked at together.
    private static func plainCount(of bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
        let raw = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes))
        var index = 0
        while index + 8 <= raw.count,
            JSONParser.isPlain(raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        {
            index += 8
        }
        while index < raw.count, !isEscaped(raw[index]) { index += 1 }
        return index
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private static func writeEscape(of byte: UInt8, to output: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\n"): output.append(contentsOf: #"\n"#.utf8)
        case UInt8(ascii: "\r"): output.append(contentsOf: #"\r"#.utf8)
        case UInt8(ascii: "\t"): output.append(contentsOf: #"\t"#.utf8)
        case 0..<0x20:
            let hexadecimal = String(byte, radix: 16)
            output.append(contentsOf: #"\u00"#.utf8)
            if hexadecimal.utf8.count == 1 { output.append(UInt8(ascii: "0")) }
            output.append(contentsOf: hexadecimal.utf8)
        default:
            output.append(UInt8(ascii: "\\"))
            output.append(byte)
        }
    }
}

extension [UInt8] {
    /// Appends the text of a string whose bytes need no escape.
    fileprivate mutating func appendQuoted(_ bytes: UnsafeBufferPointer<UInt8>) {
        append(addingCapacity: bytes.count + 2) { (output: inout OutputSpan<UInt8>) in
            output.withUnsafeMutableBufferPointer { buffer, count in
                buffer[count] = UInt8(ascii: "\"")
                _ = buffer[(count + 1)...].update(fromContentsOf: bytes)
                count += bytes.count + 2
                buffer[count - 1] = UInt8(ascii: "\"")
            }
        }
    }
}
