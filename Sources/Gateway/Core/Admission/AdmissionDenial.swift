/// Why a Pod is not admitted; the text reaches its author through kubectl.
package struct AdmissionDenial: Error, Sendable, Equatable, CustomStringConvertible {
    /// A status of HTTP, and the word of Kubernetes' `Status` for it.
    package enum Code: Int, Sendable {
        /// What was sent is not what the API has.
        case badRequest = 400
        /// What was asked for cannot be, or may not.
        case forbidden = 403
        /// It cannot be told now; clients of Kubernetes try again by themselves.
        case unavailable = 503

        package var reason: String {
            switch self {
            case .badRequest: "BadRequest"
            case .forbidden: "Forbidden"
            case .unavailable: "ServiceUnavailable"
            }
        }

        /// Seconds, for `status.details.retryAfterSeconds`; nil where another try is of no use.
        package var retryAfter: Int? { self == .unavailable ? 1 : nil }
    }

    package let code: Code
    /// Lower case, no final period, says what would be right.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// Why a body is no review that could be answered: there is no uid to answer to, so HTTP's status has to tell.
package enum AdmissionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// 413.
    case tooLarge
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
        case .tooLarge:
            "the review is larger than \(AdmissionReview.maximumLength) bytes; admit a smaller Pod"
        case .malformed(let message): message
        }
    }
}

/// Names and values of a Pod within a message to its author: on one line and not long, whatever they hold.
enum PodQuotation {
    static func of(_ text: String) -> String {
        let shown = text.unicodeScalars.prefix(80).map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: "?"
            default: String(scalar)
            }
        }
        return "\"\(shown.joined())\(text.unicodeScalars.count > 80 ? "…" : "")\""
    }
}
