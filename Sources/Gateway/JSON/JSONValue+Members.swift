// Access to values whose shape the caller expects, and changes that preserve unknown members.

extension JSONValue {
    /// The string; nil if this is not a string.
    public var stringValue: String? { if case .string(let value) = self { value } else { nil } }

    /// The integer; nil if this is not an integer.
    public var integerValue: Int? { if case .integer(let value) = self { value } else { nil } }

    /// The members of the object; empty if this is not an object.
    public var memberList: [Member] { if case .object(let members) = self { members } else { [] } }

    /// The elements of the array; nil if this is not an array.
    public var elementList: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// The members whose values are strings. Kubernetes' maps (labels, annotations, data) have no others.
    public var stringMap: [String: String] {
        Dictionary(
            memberList.compactMap { member in member.value.stringValue.map { (member.name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// Returns this value with the member at the path set. Missing objects on the path are created.
    ///
    /// - Parameters:
    ///   - value: nil removes the member.
    ///   - path: the names of the members from the outermost to the one that is set.
    public func setting(_ value: JSONValue?, at path: String...) -> JSONValue { setting(value, at: path[...]) }

    private func setting(_ value: JSONValue?, at path: ArraySlice<String>) -> JSONValue {
        guard let name = path.first else { return value ?? .null }
        var child = value
        if path.count > 1 {
            guard value != nil || self[name] != nil else { return self }
            child = (self[name] ?? .object([])).setting(value, at: path.dropFirst())
        }
        var members = memberList
        let index = members.firstIndex { $0.name.isExactly(name) }
        switch (index, child) {
        case (let index?, let child?): members[index] = Member(name, child)
        case (let index?, nil): members.remove(at: index)
        case (nil, let child?): members.append(Member(name, child))
        case (nil, nil): break
        }
        return .object(members)
    }
}
