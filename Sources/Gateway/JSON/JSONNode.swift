/// A value of a JSON text that was parsed and is read in place: only what is asked for is copied. It keeps the whole text
/// in memory. For large texts of which little is needed.
public struct JSONNode: Sendable {
    private let text: IndexedText
    private let index: Int

    /// Parses a complete JSON text.
    ///
    /// - Parameter selection: which members can be read.
    /// - Throws: ``JSONError``, where ``JSONValue/init(parsing:limits:reading:)`` does.
    public init(
        parsing text: [UInt8], limits: JSONLimits = .standard, reading selection: JSONSelection = .whole
    ) throws(JSONError) {
        self.init(try IndexedText(text, limits, selection), 0)
    }

    /// Creates the node of a value, by its text.
    ///
    /// - Throws: ``JSONError`` where it is nested too deeply.
    public init(_ value: JSONValue) throws(JSONError) { try self.init(parsing: value.utf8Text) }

    private init(_ text: IndexedText, _ index: Int) {
        self.text = text
        self.index = index
    }

    /// The value, copied.
    public var value: JSONValue {
        switch text.kind(at: index) {
        case .null: .null
        case .true: .bool(true)
        case .false: .bool(false)
        case .number: text.number(at: index)
        case .string, .escapedString: .string(text.string(at: index))
        case .array: .array((elementList ?? []).map(\.value))
        case .object: .object(members.map { JSONValue.Member($0.name, $0.node.value) })
        }
    }

    /// The value of the member with the name, compared by code units; nil if there is none or this is no object.
    public subscript(_ name: String) -> JSONNode? {
        text.member(of: index, named: name).map { JSONNode(text, $0) }
    }

    /// Whether this is `null`.
    public var isNull: Bool { text.kind(at: index) == .null }

    /// Whether this is a string.
    public var isString: Bool { text.isString(at: index) }

    /// Whether this is an array.
    public var isArray: Bool { text.kind(at: index) == .array }

    /// Whether this is an object.
    public var isObject: Bool { text.kind(at: index) == .object }

    /// Whether this is a string, an array or an object without contents.
    public var isEmpty: Bool { text.isEmpty(at: index) }

    /// The string; nil if this is not a string.
    public var stringValue: String? { isString ? text.string(at: index) : nil }

    /// The boolean; nil if this is none.
    public var boolValue: Bool? {
        switch text.kind(at: index) {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// The integer; nil if this is none that an `Int` represents.
    public var integerValue: Int? {
        text.kind(at: index) == .number ? text.number(at: index).integerValue : nil
    }

    /// The elements of the array; nil if this is not an array.
    public var elementList: [JSONNode]? {
        guard isArray else { return nil }
        var elements: [JSONNode] = []
        elements.reserveCapacity(text.count(of: index))
        text.forEachElement(of: index) { elements.append(JSONNode(text, $0)) }
        return elements
    }

    /// Calls the closure with each element of an array; does nothing if this is not an array.
    public func forEachElement(_ body: (borrowing JSONElement) -> Void) {
        if isArray { text.forEach(of: index, body) }
    }

    /// The members of the object, in their order; empty if this is not an object.
    public var members: [(name: String, node: JSONNode)] {
        guard isObject else { return [] }
        var members: [(name: String, node: JSONNode)] = []
        text.forEachName(of: index) { members.append((text.string(at: $0), JSONNode(text, $0 + 1))) }
        return members
    }
}

extension JSONNode: JSONReadable {
    /// Whether this is an object that has members.
    public var hasMembers: Bool { isObject && !isEmpty }
}

extension JSONNode: Equatable {
    /// Whether both have the same value.
    public static func == (left: JSONNode, right: JSONNode) -> Bool { left.value == right.value }
}
