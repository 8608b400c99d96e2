import JOSE

/// Reading and changing the API's objects as plain JSON, so that fields which nobody here knows survive.
extension JSONValue {
    var stringValue: String? { if case .string(let value) = self { value } else { nil } }
    var integerValue: Int? { if case .integer(let value) = self { value } else { nil } }
    /// Empty where this is no object.
    var memberList: [Member] { if case .object(let members) = self { members } else { [] } }
    /// nil where this is no array.
    var elementList: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// Members whose values are strings; the API's maps have no others.
    var stringMap: [String: String] {
        Dictionary(
            memberList.compactMap { member in member.value.stringValue.map { (member.name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// This value with the member below the names set, making objects on the way; nil removes it.
    func setting(_ value: JSONValue?, at path: String...) -> JSONValue { setting(value, at: path[...]) }

    private func setting(_ value: JSONValue?, at path: ArraySlice<String>) -> JSONValue {
        guard let name = path.first else { return value ?? .null }
        var child = value
        if path.count > 1 {
            guard value != nil || self[name] != nil else { return self }
            child = (self[name] ?? .object([])).setting(value, at: path.dropFirst())
        }
        var members = memberList
        let index = members.firstIndex { $0.name == name }
        switch (index, child) {
        case (let index?, let child?): members[index] = Member(name, child)
        case (let index?, nil): members.remove(at: index)
        case (nil, let child?): members.append(Member(name, child))
        case (nil, nil): break
        }
        return .object(members)
    }
}
