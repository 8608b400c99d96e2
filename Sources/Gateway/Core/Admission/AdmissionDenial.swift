/// Why a Pod is not admitted. kubectl shows the text to the Pod's author.
package struct AdmissionDenial: Error, Sendable, Equatable, CustomStringConvertible {
    /// The HTTP status of the denial.
    package enum Code: Int, Sendable {
        /// The request does not conform to the API.
        case badRequest = 400
        /// The injection is not possible or not permitted.
        case forbidden = 403
        /// The decision is temporarily not possible; Kubernetes clients retry.
        case unavailable = 503

        /// The `reason` of Kubernetes' `Status`.
        package var reason: String {
            switch self {
            case .badRequest: "BadRequest"
            case .forbidden: "Forbidden"
            case .unavailable: "ServiceUnavailable"
            }
        }

        /// Seconds, for `status.details.retryAfterSeconds`; nil where a retry cannot succeed.
        package var retryAfter: Int? { self == .unavailable ? 1 : nil }
    }

    package let code: Code
    /// In lower case, without a final period; ends with what to do.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    /// The denial of a review that a webhook configuration sends which is newer or older than the gateway's
    /// configuration. It ends by itself: the file is reloaded within a minute, as kubelets update it.
    package static func notLoaded(_ reason: String) -> AdmissionDenial {
        AdmissionDenial(.unavailable, "configuration not loaded yet; try again (\(reason))")
    }

    /// The denial with a further reason.
    package func adding(_ reason: String) -> AdmissionDenial { AdmissionDenial(code, "\(message); \(reason)") }
}

/// Quotes names and values of a Pod in messages to its author: on one line, printable and of limited length.
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
