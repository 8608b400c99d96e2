import JSON

/// Reads and changes API objects as JSON, so that unknown fields are preserved.
extension JSONValue {
    var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    var members: [Member] {
        if case .object(let members) = self { members } else { [] }
    }

    /// Empty where this is not an array.
    var elements: [JSONValue] {
        if case .array(let elements) = self { elements } else { [] }
    }

    /// The value at the path; nil where a member is missing.
    subscript(path path: String...) -> JSONValue? {
        path.reduce(Optional(self)) { $0?[$1] }
    }

    /// Sets the member at the path and creates missing objects; nil removes it.
    mutating func set(_ value: JSONValue?, at path: String...) { set(value, at: path[...]) }

    private mutating func set(_ value: JSONValue?, at path: ArraySlice<String>) {
        guard let name = path.first else { return }
        var child = self[name]
        if path.count > 1 {
            guard child != nil || value != nil else { return }
            var object = child ?? .object([])
            object.set(value, at: path.dropFirst())
            child = object
        } else {
            child = value
        }
        var members = members
        let index = members.firstIndex { $0.name == name }
        switch (index, child) {
        case (let index?, let child?): members[index] = Member(name, child)
        case (let index?, nil): members.remove(at: index)
        case (nil, let child?): members.append(Member(name, child))
        case (nil, nil): break
        }
        self = .object(members)
    }

    /// JSON Merge Patch (RFC 7396 §2): objects are merged, null removes, everything else replaces.
    func merging(_ patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result = JSONValue.object(members)
        for change in changes {
            if case .null = change.value {
                result.set(nil, at: change.name)
            } else {
                result.set((result[change.name] ?? .null).merging(change.value), at: change.name)
            }
        }
        return result
    }

    /// The form of an object for `as=PartialObjectMetadata` ("Metadata-only fetches").
    var onlyMetadata: JSONValue {
        [
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": self["metadata"] ?? .object([]),
        ]
    }
}
