import JSON

extension KubeconfigReader {
    /// A value of the file and its key path.
    struct Block {
        let json: JSONValue
        let keyPath: String

        init(_ json: JSONValue, at keyPath: String) {
            self.json = json
            self.keyPath = keyPath
        }

        var isMapping: Bool {
            if case .object = json { true } else { false }
        }

        var isNull: Bool { json == .null }

        /// Whether the value is false in YAML's core schema, also in quotes.
        var isFalse: Bool {
            switch json {
            case .bool(let value): !value
            case .string(let text): ["false", "False", "FALSE"].contains(text)
            default: false
            }
        }

        func below(_ key: String) -> String { keyPath.isEmpty ? key : "\(keyPath).\(key)" }

        subscript(_ key: String) -> Block? { json[key].map { Block($0, at: below(key)) } }
    }

    /// The text of a key; nil if it is missing, null or empty, as kubectl writes absent values.
    mutating func text(_ block: Block, _ key: String) -> String? {
        guard let value = block[key] else { return nil }
        switch value.json {
        case .null: return nil
        case .string(let text): return text.isEmpty ? nil : text
        case .bool, .integer, .number: return value.json.text
        case .array, .object:
            problem(value.keyPath, "invalid value; expected a string")
            return nil
        }
    }

    /// The entry with the name in one of the three lists: `[{name: …, <member>: {…}}]`.
    mutating func named(
        _ name: String, in list: String, _ member: String, of root: Block, askedAt keyPath: String
    ) -> Block? {
        guard let entries = root[list], let values = entries.json.elementList else {
            problem(list, "missing required key; write a list of {name, \(member)}")
            return nil
        }
        for (index, value) in values.enumerated() {
            let entry = Block(value, at: "\(entries.keyPath)[\(index)]")
            guard text(entry, "name")?.isExactly(name) == true else { continue }
            guard let found = entry[member], found.isMapping else {
                problem(entry.below(member), "missing required key; write a mapping")
                return nil
            }
            return found
        }
        problem(keyPath, "\"\(name)\" is not in \(list); write the name of an entry")
        return nil
    }
}
