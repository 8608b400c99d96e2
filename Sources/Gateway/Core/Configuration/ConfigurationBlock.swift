import JSON

/// A mapping of the file. A key's value is read by the name of its declaration: `block.timeout`.
@dynamicMemberLookup
struct ConfigurationBlock<Keys: ConfigurationKeys> {
    /// nil where the block is absent.
    let node: ConfigurationNode?
    let keyPath: String
    let line: Int
    let problems: ProblemList
    private let keys: Keys
    private let members: [ConfigurationNode.Member]

    /// Reads the block. Reports a value that is not a mapping, and unknown keys.
    ///
    /// - Parameter declarations: the declarations of the keys.
    init(_ value: ConfigurationValue, _ keys: Keys, _ declarations: [KeyDeclaration]) {
        node = value.node
        keyPath = value.keyPath
        line = value.line
        problems = value.problems
        self.keys = keys
        switch value.node {
        case .none: members = []
        case .some(.mapping(let members, _)): self.members = members
        case .some:
            members = []
            value.error("invalid value \(value.quoted); expected a mapping")
        }
        guard !Keys.isOpen else { return }
        for member in members where !declarations.contains(where: { $0.name.isExactly(member.key) }) {
            problems.unknownKey(
                at: keyPath, member.key, line: member.value.line, known: declarations.map(\.name))
        }
    }

    /// The key's value; reports what is invalid or missing.
    subscript<Value>(dynamicMember key: KeyPath<Keys, ConfigurationKey<Value>>) -> Value {
        keys[keyPath: key].read(value(of: key))
    }

    /// The value of a key that only this block requires; reports that it is missing.
    func required<Value>(_ key: KeyPath<Keys, ConfigurationKey<Value?>>) -> Value? {
        if !isSet(key) {
            error(key, "missing required key; expected \(keys[keyPath: key].declaration.type.expected)")
        }
        return self[dynamicMember: key]
    }

    /// Whether the file has a value for the key, valid or not.
    func isSet(_ key: KeyPath<Keys, ConfigurationKey<some Any>>) -> Bool { value(of: key).node != nil }

    func value<Value>(of key: KeyPath<Keys, ConfigurationKey<Value>>) -> ConfigurationValue {
        let declaration = keys[keyPath: key].declaration
        let member = members.first { $0.key.isExactly(declaration.name) }
        return ConfigurationValue(
            node: member.flatMap { $0.value.isEmpty ? nil : $0.value },
            keyPath: keyPath.isEmpty ? declaration.name : "\(keyPath).\(declaration.name)",
            line: member?.value.line ?? line, isSecret: declaration.isSecret, problems: problems)
    }

    func error(_ key: KeyPath<Keys, ConfigurationKey<some Any>>, _ message: String) {
        value(of: key).error(message)
    }

    func warning(_ key: KeyPath<Keys, ConfigurationKey<some Any>>, _ message: String) {
        let value = value(of: key)
        problems.warning(at: value.keyPath, line: value.line, message)
    }
}

extension ConfigurationNode {
    /// A key with this value counts as absent.
    fileprivate var isEmpty: Bool {
        if case .scalar("", _, _) = self { true } else { isNull }
    }
}
