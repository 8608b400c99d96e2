import GatewayCore
import HTTPTypes
import Hummingbird
import JOSE

/// Why a request was not served, where no endpoint's own errors apply.
enum RequestRefusal: Error, Equatable {
    /// `..`, or a percent-encoded slash, backslash, dot or NUL in the path.
    case ambiguousPath
    case unknownPath
    case methodNotAllowed([HTTPRequest.Method])
    case bodyTooLarge
    /// The endpoint's key ring could not be read, so it has no documents.
    case noDocuments

    var response: Response {
        switch self {
        case .ambiguousPath:
            .error(.badRequest, "invalid_request", "the path has an encoded slash, dot or control character")
        case .unknownPath: .error(.notFound, "not_found", "there is nothing at this path")
        case .methodNotAllowed(let methods):
            .error(
                .methodNotAllowed, "method_not_allowed", "the path takes other methods; see the Allow header",
                headers: [.allow: methods.map(\.rawValue).joined(separator: ", ")])
        case .bodyTooLarge: .error(.contentTooLarge, "invalid_request", "the request's body is too large")
        case .noDocuments:
            .error(
                .serviceUnavailable, "temporarily_unavailable", "the issuer's keys cannot be read now; try again",
                headers: [.retryAfter: "5"])
        }
    }

    /// The same, where it befalls a token call.
    var oauthError: OAuthError {
        let description: String
        switch self {
        case .ambiguousPath: description = "the path is ambiguous"
        case .unknownPath: description = "the path is unknown"
        case .methodNotAllowed: description = "the method is not allowed"
        case .bodyTooLarge: description = "the request's body is too large"
        case .noDocuments: description = "the key ring could not be read"
        }
        return OAuthError(status: response.status.code, code: .invalidRequest, description: description)
    }
}
