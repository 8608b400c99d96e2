/// Why a document was rejected. The text has nothing of the document's content.
package enum XMLReadingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Longer than the limit, which is given in bytes.
    case tooLong(Int)
    /// Elements nested deeper than the limit.
    case tooDeep(Int)
    /// More elements than the limit.
    case tooManyElements(Int)
    /// A document type declaration, which could declare entities and external files.
    case documentType
    /// An encoding other than UTF-8, UTF-16, ISO-8859-1 and ASCII.
    case encoding
    /// A reference to an entity that XML 1.0 §4.6 does not predefine.
    case entity
    /// Not well-formed, or truncated; the line of the first error.
    case malformed(line: Int)

    package var description: String {
        switch self {
        case .tooLong(let limit): "longer than \(limit) bytes"
        case .tooDeep(let limit): "elements nested more than \(limit) deep"
        case .tooManyElements(let limit): "more than \(limit) elements"
        case .documentType: "a document type declaration, which is not supported"
        case .encoding: "an encoding other than UTF-8, UTF-16, ISO-8859-1 and ASCII, which is not supported"
        case .entity: "a reference to an entity that XML does not predefine, which is not supported"
        case .malformed(let line): "not well-formed XML, or truncated, at line \(line)"
        }
    }
}
