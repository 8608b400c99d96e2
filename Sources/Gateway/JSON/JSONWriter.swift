/// Writes the text of JSON objects (RFC 8259) into a buffer, member by member, without a ``JSONValue`` of them.
///
/// The caller writes each name once per object. A name is a literal that needs no escape.
public struct JSONWriter: Sendable {
    /// The text so far, in UTF-8.
    public private(set) var utf8Text: [UInt8] = []

    /// Creates a writer without text.
    ///
    /// - Parameter capacity: bytes that need no other buffer.
    public init(capacity: Int = 0) { utf8Text.reserveCapacity(capacity) }

    /// Writes an object and a line feed, for files with an object in each line.
    public mutating func line(_ members: (inout JSONWriter) -> Void) {
        object(members)
        utf8Text.append(UInt8(ascii: "\n"))
    }

    /// Writes the text of a value and a line feed.
    public mutating func line(_ value: JSONValue) {
        value.write(to: &utf8Text)
        utf8Text.append(UInt8(ascii: "\n"))
    }

    /// Writes a member whose value is a string.
    public mutating func member(_ name: StaticString, _ value: String) {
        begin(name)
        JSONValue.write(value, to: &utf8Text)
    }

    /// Writes a member whose value is an integer.
    public mutating func member(_ name: StaticString, _ value: Int) {
        begin(name)
        write(value)
    }

    /// Writes a member whose value is `true` or `false`.
    public mutating func member(_ name: StaticString, _ value: Bool) {
        begin(name)
        utf8Text.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Writes a member whose value is an array of strings.
    public mutating func member(_ name: StaticString, _ values: [String]) {
        begin(name)
        utf8Text.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { utf8Text.append(UInt8(ascii: ",")) }
            JSONValue.write(value, to: &utf8Text)
        }
        utf8Text.append(UInt8(ascii: "]"))
    }

    /// Writes a member whose value is an object.
    public mutating func member(_ name: StaticString, _ members: (inout JSONWriter) -> Void) {
        begin(name)
        object(members)
    }

    /// Writes a member whose value is any.
    public mutating func member(_ name: StaticString, _ value: JSONValue) {
        begin(name)
        value.write(to: &utf8Text)
    }

    /// Writes an array of objects.
    public mutating func array(count: Int, _ members: (_ index: Int, _ object: inout JSONWriter) -> Void) {
        utf8Text.append(UInt8(ascii: "["))
        for index in 0..<count {
            if index > 0 { utf8Text.append(UInt8(ascii: ",")) }
            object { members(index, &$0) }
        }
        utf8Text.append(UInt8(ascii: "]"))
    }

    private mutating func object(_ members: (inout JSONWriter) -> Void) {
        utf8Text.append(UInt8(ascii: "{"))
        members(&self)
        utf8Text.append(UInt8(ascii: "}"))
    }

    private mutating func begin(_ name: StaticString) {
        // Every value ends with another character.
        if utf8Text.last != UInt8(ascii: "{") { utf8Text.append(UInt8(ascii: ",")) }
        utf8Text.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes in
            assert(bytes.allSatisfy { !JSONValue.isEscaped($0) }, "a name needs an escape: \(name)")
            utf8Text.append(contentsOf: bytes)
        }
        utf8Text.append(UInt8(ascii: "\""))
        utf8Text.append(UInt8(ascii: ":"))
    }

    /// Without a `String` of the number, which each line would make several times.
    private mutating func write(_ value: Int) {
        if value < 0 { utf8Text.append(UInt8(ascii: "-")) }
        var (rest, divisor) = (value.magnitude, 1 as UInt)
        while rest / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            utf8Text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / divisor))
            (rest, divisor) = (rest % divisor, divisor / 10)
        }
    }
}
