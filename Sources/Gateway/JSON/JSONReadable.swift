/// What can be read like a JSON value: a ``JSONValue``, or a ``JSONNode``, whose text is read in place.
public protocol JSONReadable: Sendable {
    /// The value of the first member with the name, compared by code units; nil if there is none or this is no object.
    subscript(_ name: String) -> Self? { get }
    /// The string; nil if this is not a string.
    var stringValue: String? { get }
    /// The elements of the array; nil if this is not an array.
    var elementList: [Self]? { get }
    /// Whether this is an object that has members.
    var hasMembers: Bool { get }
}

extension JSONValue: JSONReadable {
    /// Whether this is an object that has members.
    public var hasMembers: Bool { !memberList.isEmpty }
}
