/// Writes the text of JSON objects (RFC 8259) into a buffer, member by member, without a ``JSONValue`` of them.
///
/// The caller writes each name once per object.
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
    public mutating func member(_ name: String, _ value: String) {
        begin(name)
        JSONValue.write(value, to: &utf8Text)
    }

    /// Writes a member whose value is an integer.
    public mutating func member(_ name: String, _ value: Int) {
        begin(name)
        utf8Text.append(contentsOf: String(value).utf8)
    }

    /// Writes a member whose value is `true` or `false`.
    public mutating func member(_ name: String, _ value: Bool) {
        begin(name)
        utf8Text.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Writes a member whose value is an array of strings.
    public mutating func member(_ name: String, _ values: [String]) {
        begin(name)
        utf8Text.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { utf8Text.append(UInt8(ascii: ",")) }
            JSONValue.write(value, to: &utf8Text)
        }
        utf8Text.append(UInt8(ascii: "]"))
    }

    /// Writes a member whose value is an object.
    public mutating func member(_ name: String, _ members: (inout JSONWriter) -> Void) {
        begin(name)
        object(members)
    }

    private mutating func object(_ members: (inout JSONWriter) -> Void) {
        utf8Text.append(UInt8(ascii: "{"))
        members(&self)
        utf8Text.append(UInt8(ascii: "}"))
    }

    private mutating func begin(_ name: String) {
        // Every value ends with another character.
        if utf8Text.last != UInt8(ascii: "{") { utf8Text.append(UInt8(ascii: ",")) }
        JSONValue.write(name, to: &utf8Text)
        utf8Text.append(UInt8(ascii: ":"))
    }
}
