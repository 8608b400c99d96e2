extension JSONValue {
    /// Reads a complete JSON text (RFC 8259) in UTF-8. Objects preserve the order of their members.
    ///
    /// Integers that an `Int` represents become ``integer(_:)``; all other numbers become ``number(_:)``.
    ///
    /// - Parameter selection: which members are read.
    /// - Throws: ``JSONError`` if the text is not exactly one JSON value, is not UTF-8 (also with a byte order mark),
    ///   has a number that a `Double` cannot represent, an unpaired surrogate, an object with a duplicate member (names
    ///   are compared by code units), or exceeds the limits.
    public init(
        parsing text: [UInt8], limits: JSONLimits = .standard, reading selection: JSONSelection = .whole
    ) throws(JSONError) {
        self = try JSONParser.reading(text, limits: limits) { parser throws(JSONError) in
            try parser.document(selection)
        }
    }

    /// Reads JSON texts that follow one another with white space or nothing between them, as a program that writes a
    /// value at a time prints them.
    ///
    /// - Throws: ``JSONError`` as ``init(parsing:limits:)`` does.
    public static func values(
        parsing text: [UInt8], limits: JSONLimits = .standard
    ) throws(JSONError) -> [JSONValue] {
        try JSONParser.reading(text, limits: limits) { parser throws(JSONError) in try parser.values() }
    }
}
