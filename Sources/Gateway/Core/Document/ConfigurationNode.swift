/// A parsed YAML or JSON document, independent of its meaning.
package indirect enum ConfigurationNode: Sendable, Equatable {
    /// `isPlain` is false for a quoted scalar, which is always a string.
    case scalar(String, isPlain: Bool, line: Int)
    case sequence([ConfigurationNode], line: Int)
    /// The members in the order of the file, without duplicate keys.
    case mapping([Member], line: Int)

    package struct Member: Sendable, Equatable {
        package let key: String
        package let value: ConfigurationNode

        package init(key: String, value: ConfigurationNode) {
            self.key = key
            self.value = value
        }
    }

    /// The line at which the value begins, from 1; 0 where it does not come from a file.
    package var line: Int {
        switch self {
        case .scalar(_, _, let line), .sequence(_, let line), .mapping(_, let line): line
        }
    }
}

extension ConfigurationNode {
    /// The same text for the same values, whatever their lines and the order of their members are.
    package var canonicalText: String {
        switch self {
        case .scalar(let text, let isPlain, _): isPlain ? text.debugDescription : "'\(text.debugDescription)"
        case .sequence(let nodes, _): "[" + nodes.map(\.canonicalText).joined(separator: ",") + "]"
        case .mapping(let members, _):
            "{"
                + members.map { "\($0.key.debugDescription):\($0.value.canonicalText)" }.sorted()
                .joined(separator: ",") + "}"
        }
    }
}
