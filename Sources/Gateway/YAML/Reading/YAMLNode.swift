/// A node of a YAML document, as it is in the text: scalars are not resolved, and merge keys are not merged. An alias is the
/// node of its anchor.
package indirect enum YAMLNode: Sendable, Equatable {
    case scalar(Scalar)
    case sequence(Sequence)
    case mapping(Mapping)

    /// A place in the text. Both numbers start at 1; columns are Unicode scalars.
    package struct Mark: Sendable, Equatable {
        package let line: Int
        package let column: Int

        package init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }
    }

    package struct Scalar: Sendable, Equatable {
        package let text: String
        /// See ``YAMLNode/tag``.
        package let tag: String
        /// Not quoted, and no block.
        package let isPlain: Bool
        package let mark: Mark
    }

    package struct Sequence: Sendable, Equatable {
        package let elements: [YAMLNode]
        package let tag: String
        package let mark: Mark
    }

    package struct Mapping: Sendable, Equatable {
        package let entries: [Entry]
        package let tag: String
        package let mark: Mark

        package struct Entry: Sendable, Equatable {
            package let key: YAMLNode
            package let value: YAMLNode
        }

        /// The value of the last key with that text; nil if there is none.
        package subscript(name: String) -> YAMLNode? {
            entries.last { entry in
                guard case .scalar(let key) = entry.key else { return false }
                return key.text == name
            }?.value
        }
    }

    /// The tag of a string, which a quoted scalar without a tag has.
    package static let stringTag = "tag:yaml.org,2002:str"

    /// The complete tag, such as `tag:yaml.org,2002:int`; "!" is the non-specific tag. Empty if the node has none.
    package var tag: String {
        switch self {
        case .scalar(let scalar): scalar.tag
        case .sequence(let sequence): sequence.tag
        case .mapping(let mapping): mapping.tag
        }
    }

    /// Where the node begins.
    package var mark: Mark {
        switch self {
        case .scalar(let scalar): scalar.mark
        case .sequence(let sequence): sequence.mark
        case .mapping(let mapping): mapping.mark
        }
    }

    /// The value of a mapping's key; nil if the node is no mapping.
    package subscript(name: String) -> YAMLNode? {
        guard case .mapping(let mapping) = self else { return nil }
        return mapping[name]
    }
}
