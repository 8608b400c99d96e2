/// Why a text was not read as XML. Says nothing of what the text holds.
package enum XMLReadingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Longer than was allowed, in bytes.
    case tooLong(Int)
    /// Elements in elements, deeper than was allowed.
    case tooDeep(Int)
    /// More elements than were allowed.
    case tooManyElements(Int)
    /// It has a document type declaration, by which entities and files come in.
    case documentType
    /// It refers to an entity that XML does not define itself.
    case entity
    /// It is not well-formed, or cut off; the line where that shows.
    case malformed(line: Int)

    package var description: String {
        switch self {
        case .tooLong(let limit): "longer than \(limit) bytes"
        case .tooDeep(let limit): "elements in elements more than \(limit) deep"
        case .tooManyElements(let limit): "more than \(limit) elements"
        case .documentType: "a document type declaration, which is refused"
        case .entity: "an entity that XML does not define, which is refused"
        case .malformed(let line): "not well-formed XML, or cut off, at line \(line)"
        }
    }
}
