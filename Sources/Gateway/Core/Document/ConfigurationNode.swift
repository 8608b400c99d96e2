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
