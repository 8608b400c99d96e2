extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Creates a string of a literal.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Creates a boolean of a literal.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Creates an integer of a literal.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// Creates an array of a literal.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// Creates an object of a literal, its members in the literal's order.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}
