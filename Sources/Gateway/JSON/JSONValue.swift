/// A JSON value (RFC 8259). Objects preserve the order of their members.
///
/// Values are equal if they have the same text: strings and names are compared by code units, members in their order.
public enum JSONValue: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number without fraction and exponent that an `Int` represents.
    case integer(Int)
    /// Any other number.
    case number(Double)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object.
    case object([Member])

    /// A member of an object.
    public struct Member: Sendable, Equatable {
        /// The name, unescaped.
        public let name: String
        /// The value.
        public let value: JSONValue

        /// Creates a member of its name and value.
        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }

        /// Whether name (by code units) and value are equal.
        public static func == (left: Member, right: Member) -> Bool {
            left.name.isExactly(right.name) && left.value == right.value
        }
    }

    /// The value of the first member with the name, compared by code units; nil if there is none or this is no object.
    public subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.isExactly(name) }?.value
    }
}

extension JSONValue: Equatable {
    /// Whether both are of the same kind and have the same content; strings are compared by code units.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.isExactly(right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }
}
