import JSON

extension ConfigurationType {
    static func block<Keys>(_ keys: Keys) -> Self where Value == ConfigurationBlock<Keys> {
        let declarations = keys.declarations
        return Self(
            description: TypeDescription(
                expected: "a mapping", schema: .block(declarations, isOpen: Keys.isOpen), keys: declarations)
        ) { ConfigurationBlock($0, keys, declarations) }
    }

    /// A mapping of names to blocks.
    static func namedBlocks<Keys>(_ name: String, example: String, of keys: Keys) -> Self
    where Value == [(name: String, block: ConfigurationBlock<Keys>)] {
        let block = ConfigurationType<ConfigurationBlock<Keys>>.block(keys).description
        let expected = "a mapping of \(name) to blocks"
        return Self(
            description: TypeDescription(
                expected: expected, schema: ["type": "object", "additionalProperties": block.schema], keys: block.keys,
                exampleName: example)
        ) { value in
            guard case .mapping(let members, _) = value.node else { return value.invalid(expected: expected) }
            return members.map { ($0.key, ConfigurationBlock(value.member($0), keys, block.keys)) }
        }
    }

    static func list<Keys>(of keys: Keys) -> Self where Value == [ConfigurationBlock<Keys>] {
        let block = ConfigurationType<ConfigurationBlock<Keys>>.block(keys).description
        return Self(
            description: TypeDescription(
                expected: "a list", schema: ["type": "array", "items": block.schema], keys: block.keys, isList: true)
        ) { value in
            guard case .sequence(let nodes, _) = value.node else { return value.invalid(expected: "a list") }
            return nodes.enumerated().map { ConfigurationBlock(value.element($1, at: $0), keys, block.keys) }
        }
    }
}

extension ConfigurationType where Value == [String] {
    static var strings: Self { strings("a string or a list of strings", element: .string) }

    /// A string, or a list of one or more different strings. Invalid elements are reported and ignored.
    static func strings(_ expected: String, element: ConfigurationType<String>) -> Self {
        Self(
            description: TypeDescription(
                expected: expected,
                schema: [
                    "anyOf": [["type": "string"], ["type": "array", "items": ["type": "string"], "minItems": 1]]
                ])
        ) { value in
            switch value.node {
            case .scalar: return element.read(value).map { [$0] }
            case .sequence(let nodes, _) where nodes.isEmpty:
                value.error("empty list; expected \(expected)")
                return nil
            case .sequence(let nodes, _):
                var strings: [String] = []
                for (index, node) in nodes.enumerated() {
                    let item = value.element(node, at: index)
                    guard let string = element.read(item) else { continue }
                    if strings.contains(string) {
                        item.error("duplicate value \(item.quoted); remove it")
                    } else {
                        strings.append(string)
                    }
                }
                return strings.isEmpty ? nil : strings
            default: return value.invalid(expected: expected)
            }
        }
    }
}

extension ConfigurationType where Value == ConfigurationNode {
    /// A mapping that its user reads.
    static func mapping(_ expected: String = "a mapping") -> Self {
        Self(description: TypeDescription(expected: expected, schema: ["type": "object"])) { value in
            guard let node = value.node, case .mapping = node else { return value.invalid(expected: expected) }
            return node
        }
    }

    /// A list of attribute names or of OpenUnison's mappings, or a mapping as `token.claims`.
    static var attributes: Self {
        let expected = "a list of attribute names or of {target, type, source}"
        return Self(
            description: TypeDescription(
                expected: expected,
                schema: [
                    "anyOf": [["type": "array", "items": ["type": ["string", "object"]]], ["type": "object"]]
                ])
        ) { value in
            switch value.node {
            case .some(let node) where node.isContainer: node
            default: value.invalid(expected: expected)
            }
        }
    }
}

extension ConfigurationNode {
    fileprivate var isContainer: Bool {
        if case .scalar = self { false } else { true }
    }
}
