/// A parsed YAML or JSON document before anything is known of its meaning. The file format's parser makes it.
package indirect enum ConfigurationNode: Sendable, Equatable {
    /// `isPlain` is false for a quoted scalar, which is always a string.
    case scalar(String, isPlain: Bool, line: Int)
    case sequence([ConfigurationNode], line: Int)
    /// In the order of the file; a key is there once.
    case mapping([Member], line: Int)

    package struct Member: Sendable, Equatable {
        package let key: String
        package let value: ConfigurationNode

        package init(key: String, value: ConfigurationNode) {
            self.key = key
            self.value = value
        }
    }

    /// Where it begins in the file, from 1; 0 where it came from no file.
    package var line: Int {
        switch self {
        case .scalar(_, _, let line), .sequence(_, let line), .mapping(_, let line): line
        }
    }
}
