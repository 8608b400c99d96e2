/// Why a body is not a valid review. Without a uid there is no review response, so the HTTP status reports the error.
package enum AdmissionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// 413.
    ///
    /// - Parameter limit: in bytes.
    case tooLarge(limit: Int)
    /// 400.
    case malformed(String)

    package var status: Int {
        switch self {
        case .tooLarge: 413
        case .malformed: 400
        }
    }

    package var description: String {
        switch self {
        case .tooLarge(let limit): "the review is larger than \(limit) bytes; create a smaller Pod"
        case .malformed(let message): message
        }
    }
}
