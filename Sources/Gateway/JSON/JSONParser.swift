/// Reads JSON text (RFC 8259) strictly and in one pass. Texts that two readers could read differently are rejected: a
/// duplicate member, a byte order mark, anything after the value, anything that RFC 8259 does not allow.
///
/// It reads the bytes in place, and only below `bytes.count`.
struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    /// Whether all of it is UTF-8, so that no string of it has to be looked at again.
    let isUTF8: Bool
    var position = 0

    /// The places of the values in the text, by ``index(_:)``.
    var entries: [IndexedText.Entry] = []

    let limits: JSONLimits
    private var valueCount = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
        isUTF8 = Self.isASCII(bytes) || String(validating: bytes, as: UTF8.self) != nil
    }

    /// Creates a parser at a position of a text that was parsed.
    init(parsed bytes: UnsafeBufferPointer<UInt8>, at position: Int) {
        self.bytes = bytes
        self.position = position
        limits = .standard
        isUTF8 = true
    }

    /// Reads with a parser of the bytes.
    static func reading<Value>(
        _ bytes: [UInt8], limits: JSONLimits, _ read: (inout JSONParser) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
            var parser = JSONParser(bytes, limits: limits)
            return try read(&parser)
        }
    }

    private static func isASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let bytes = UnsafeRawBufferPointer(bytes)
        let words = bytes.count / 8
        var all: UInt64 = 0
        for word in 0..<words { all |= bytes.loadUnaligned(fromByteOffset: 8 * word, as: UInt64.self) }
        for index in (8 * words)..<bytes.count { all |= UInt64(bytes[index]) }
        return all & 0x8080_8080_8080_8080 == 0
    }

    mutating func document(_ selection: JSONSelection) throws(JSONError) -> JSONValue {
        guard bytes.count <= limits.byteCount else { throw error("more than \(limits.byteCount) bytes") }
        let value = try value(depth: 1, selection)
        skipWhiteSpace()
        guard position == bytes.count else { throw error("text after the value") }
        return value
    }

    /// Consecutive values, separated by optional white space.
    mutating func values() throws(JSONError) -> [JSONValue] {
        guard bytes.count <= limits.byteCount else { throw error("more than \(limits.byteCount) bytes") }
        var values: [JSONValue] = []
        skipWhiteSpace()
        while position < bytes.count {
            values.append(try value(depth: 1, .whole))
            skipWhiteSpace()
        }
        return values
    }

    func error(_ message: String) -> JSONError { JSONError(message: message, offset: position) }

    @inline(__always) var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    @inline(__always) mutating func skipWhiteSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func value(depth: Int, _ selection: JSONSelection) throws(JSONError) -> JSONValue {
        guard depth <= limits.depth else { throw error("nested more than \(limits.depth) levels deep") }
        try countValue()
        skipWhiteSpace()
        switch current {
        case UInt8(ascii: "{"): return .object(try members(depth: depth, selection))
        case UInt8(ascii: "["): return .array(try elements(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        default: return try scalar()
        }
    }

    @inline(__always) mutating func countValue() throws(JSONError) {
        valueCount += 1
        guard valueCount <= limits.valueCount else { throw error("more than \(limits.valueCount) values") }
    }

    /// Reads a number, `true`, `false` or `null`.
    mutating func scalar() throws(JSONError) -> JSONValue {
        switch current {
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case nil: throw error("unexpected end of the text")
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let length = word.utf8CodeUnitCount
        let isThere = word.withUTF8Buffer { bytes[position...].prefix(length).elementsEqual($0) }
        guard isThere else { throw error("invalid value") }
        position += length
        return value
    }

    private mutating func elements(depth: Int) throws(JSONError) -> [JSONValue] {
        position += 1
        var elements: [JSONValue] = []
        if takes(UInt8(ascii: "]")) { return elements }
        while true {
            elements.append(try value(depth: depth + 1, .whole))
            if takes(UInt8(ascii: "]")) { return elements }
            guard takes(UInt8(ascii: ",")) else { throw error("expected a comma or the end of the array") }
        }
    }

    private mutating func members(
        depth: Int, _ selection: JSONSelection
    ) throws(JSONError) -> [JSONValue.Member] {
        position += 1
        var members: [JSONValue.Member] = []
        var names: Set<ExactString> = []
        if takes(UInt8(ascii: "}")) { return members }
        // Most objects of Kubernetes have at most four.
        members.reserveCapacity(4)
        while true {
            skipWhiteSpace()
            guard current == UInt8(ascii: "\"") else { throw error("expected a member name") }
            let name = try string()
            let selected = selection.member(name)
            if selected != nil {
                // Comparing is faster than hashing while there are few names.
                if members.count < 12 {
                    guard !members.contains(where: { $0.name.isExactly(name) }) else {
                        throw error("duplicate member")
                    }
                } else {
                    if names.isEmpty { names = Set(members.map { ExactString($0.name) }) }
                    guard names.insert(ExactString(name)).inserted else { throw error("duplicate member") }
                }
            }
            guard takes(UInt8(ascii: ":")) else { throw error("expected a colon after the member name") }
            if let selected {
                members.append(.init(name, try value(depth: depth + 1, selected)))
            } else {
                try scan(depth: depth + 1, isIndexed: false)
            }
            if takes(UInt8(ascii: "}")) { return members }
            guard takes(UInt8(ascii: ",")) else { throw error("expected a comma or the end of the object") }
        }
    }

    @inline(__always) mutating func takes(_ byte: UInt8) -> Bool {
        skipWhiteSpace()
        guard current == byte else { return false }
        position += 1
        return true
    }
}
