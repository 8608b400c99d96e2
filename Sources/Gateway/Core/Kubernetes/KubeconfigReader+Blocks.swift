extension KubeconfigReader {
    /// A value of the file and where it stands.
    struct Block {
        let node: ConfigurationNode
        let keyPath: String

        init(_ node: ConfigurationNode, at keyPath: String) {
            self.node = node
            self.keyPath = keyPath
        }

        var isMapping: Bool {
            if case .mapping = node { true } else { false }
        }

        func below(_ key: String) -> String { keyPath.isEmpty ? key : "\(keyPath).\(key)" }

        subscript(_ key: String) -> Block? {
            guard case .mapping(let members, _) = node, let member = members.first(where: { $0.key == key }) else {
                return nil
            }
            return Block(member.value, at: below(key))
        }
    }

    /// A text that is there and not empty; kubectl writes absent values as `""` now and then.
    mutating func text(_ block: Block, _ key: String) -> String? {
        guard let value = block[key], !value.node.isNull else { return nil }
        guard case .scalar(let text, _, _) = value.node else {
            problem(value.keyPath, "not a text; write one")
            return nil
        }
        return text.isEmpty ? nil : text
    }

    /// The entry of that name in one of the three lists: `[{name: …, <member>: {…}}]`.
    mutating func named(
        _ name: String, in list: String, _ member: String, of root: Block, askedAt keyPath: String
    ) -> Block? {
        guard let entries = root[list], case .sequence(let values, _) = entries.node else {
            problem(list, "missing; write a list of {name, \(member)}")
            return nil
        }
        for (index, value) in values.enumerated() {
            let entry = Block(value, at: "\(entries.keyPath)[\(index)]")
            guard text(entry, "name") == name else { continue }
            guard let found = entry[member], found.isMapping else {
                problem(entry.below(member), "missing; write a mapping")
                return nil
            }
            return found
        }
        problem(keyPath, "\"\(name)\" is none of \(list); write the name of one")
        return nil
    }
}
