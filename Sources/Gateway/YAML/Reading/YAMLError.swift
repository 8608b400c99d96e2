/// Why a text was rejected. The problems are those of libyaml; they contain nothing of the text. Names of duplicate keys do.
package enum YAMLError: Error, Sendable, Equatable {
    /// A syntax error, or an alias without an anchor. The context says what was read; nil if libyaml names none.
    case syntax(problem: String, context: String?, line: Int)
    /// A control character.
    case unreadable(problem: String)
    /// The keys that one mapping has more than once, sorted, and the line of the first one.
    case duplicateKeys([String], line: Int)
    /// The line of the second document.
    case severalDocuments(line: Int)
    /// Nested deeper than ``YAMLNode/maximumDepth``.
    case tooDeep(line: Int)
    /// More nodes than ``YAMLNode/maximumNodes``.
    case tooManyNodes(line: Int)
    case outOfMemory
}
