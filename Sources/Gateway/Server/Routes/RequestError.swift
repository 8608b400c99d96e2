import GatewayCore
import HTTPTypes
import Hummingbird

/// Why a request was rejected before an endpoint's own errors apply.
enum RequestError: Error, Equatable {
    /// The path has `..`, or a percent-encoded slash, backslash, dot or NUL.
    case ambiguousPath
    case unknownPath
    case methodNotAllowed([HTTPRequest.Method])
    case bodyTooLarge
    /// The bodies in flight take all the memory there is for them.
    case overloaded
    /// The endpoint's key ring could not be read, so it has no documents.
    case noDocuments

    private var content: (status: HTTPResponse.Status, code: String, description: String) {
        switch self {
        case .ambiguousPath:
            (.badRequest, "invalid_request", "the path has an encoded slash, dot or control character")
        case .unknownPath: (.notFound, "not_found", "unknown path")
        case .methodNotAllowed:
            (.methodNotAllowed, "method_not_allowed", "method not supported; see the Allow header")
        case .bodyTooLarge: (.contentTooLarge, "invalid_request", "the request's body is too large")
        case .overloaded:
            (.serviceUnavailable, "temporarily_unavailable", "too many requests are in flight; try again")
        case .noDocuments:
            (.serviceUnavailable, "temporarily_unavailable", "the issuer's keys are not available; try again")
        }
    }

    var response: Response {
        let headers: HTTPFields =
            switch self {
            case .methodNotAllowed(let methods): [.allow: methods.map(\.rawValue).joined(separator: ", ")]
            case .noDocuments: [.retryAfter: "5"]
            case .overloaded: [.retryAfter: "1"]
            case .ambiguousPath, .unknownPath, .bodyTooLarge: [:]
            }
        return .error(content.status, content.code, content.description, headers: headers)
    }

    /// The error as the audit records it for a token call.
    var oauthError: OAuthError {
        OAuthError(status: content.status.code, code: .invalidRequest, description: content.description)
    }
}
