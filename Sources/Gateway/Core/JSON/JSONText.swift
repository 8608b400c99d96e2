import JOSE

/// Reads JSON text (RFC 8259) strictly and in one pass: an admission review is to be answered within milliseconds, and
/// what two readers could take for different things (a member that is there twice) is refused.
struct JSONText {
    struct Problem: Error, Equatable, CustomStringConvertible {
        let message: String
        /// Of the byte that is wrong, from 0.
        let offset: Int

        var description: String { "\(message) at byte \(offset)" }
    }

    static let maximumDepth = 128

    let bytes: [UInt8]
    /// Whether all of it is UTF-8, so that no string of it has to be looked at again.
    let isUTF8: Bool
    var position = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        isUTF8 = String(validating: bytes, as: UTF8.self) != nil
    }

    static func value(of bytes: [UInt8]) throws(Problem) -> JSONValue {
        var text = JSONText(bytes)
        let value = try text.value(depth: 1)
        text.skipWhiteSpace()
        guard text.position == bytes.count else { throw text.problem("more text than one value") }
        return value
    }

    func problem(_ message: String) -> Problem { Problem(message: message, offset: position) }

    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipWhiteSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func value(depth: Int) throws(Problem) -> JSONValue {
        guard depth <= Self.maximumDepth else { throw problem("nested more than \(Self.maximumDepth) deep") }
        skipWhiteSpace()
        switch current {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try elements(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case nil: throw problem("an end too early")
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(Problem) -> JSONValue {
        let length = word.utf8CodeUnitCount
        let isThere = word.withUTF8Buffer { bytes[position...].prefix(length).elementsEqual($0) }
        guard isThere else { throw problem("no value") }
        position += length
        return value
    }

    private mutating func elements(depth: Int) throws(Problem) -> [JSONValue] {
        position += 1
        var elements: [JSONValue] = []
        if takes(UInt8(ascii: "]")) { return elements }
        while true {
            elements.append(try value(depth: depth + 1))
            if takes(UInt8(ascii: "]")) { return elements }
            guard takes(UInt8(ascii: ",")) else { throw problem("neither a comma nor the list's end") }
        }
    }

    private mutating func members(depth: Int) throws(Problem) -> [JSONValue.Member] {
        position += 1
        var members: [JSONValue.Member] = []
        var names: Set<String> = []
        if takes(UInt8(ascii: "}")) { return members }
        while true {
            skipWhiteSpace()
            guard current == UInt8(ascii: "\"") else { throw problem("no member's name") }
            let name = try string()
            // Few names are compared faster than hashed.
            if members.count < 12 {
                guard !members.contains(where: { $0.name == name }) else {
                    throw problem("a member that is there twice")
                }
            } else {
                if names.isEmpty { names = Set(members.map(\.name)) }
                guard names.insert(name).inserted else { throw problem("a member that is there twice") }
            }
            guard takes(UInt8(ascii: ":")) else { throw problem("no colon after a member's name") }
            members.append(.init(name, try value(depth: depth + 1)))
            if takes(UInt8(ascii: "}")) { return members }
            guard takes(UInt8(ascii: ",")) else { throw problem("neither a comma nor the object's end") }
        }
    }

    private mutating func takes(_ byte: UInt8) -> Bool {
        skipWhiteSpace()
        guard current == byte else { return false }
        position += 1
        return true
    }
}
