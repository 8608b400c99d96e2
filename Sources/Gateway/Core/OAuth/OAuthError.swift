package import JSON

/// An error response of a token endpoint (RFC 6749 §5.2, RFC 6750 §3.1, RFC 8693 §2.2.2).
///
/// The description is constant and contains nothing of the request.
package struct OAuthError: Error, Sendable, Equatable {
    /// The `error` of the response.
    package enum Code: String, Sendable {
        case invalidRequest = "invalid_request"
        case unsupportedGrantType = "unsupported_grant_type"
        case invalidTarget = "invalid_target"
        case invalidToken = "invalid_token"
        case insufficientScope = "insufficient_scope"
        case temporarilyUnavailable = "temporarily_unavailable"
    }

    /// The HTTP status.
    package let status: Int
    package let code: Code
    package let description: String
    /// Seconds, for `Retry-After`.
    package let retryAfter: Int?
    /// The `WWW-Authenticate` header; nil for none.
    package let challenge: BearerChallenge?

    package init(
        status: Int, code: Code, description: String, retryAfter: Int? = nil, challenge: BearerChallenge? = nil
    ) {
        self.status = status
        self.code = code
        self.description = description
        self.retryAfter = retryAfter
        self.challenge = challenge
    }

    /// The body.
    package var json: JSONValue {
        [
            "error": .string(code.rawValue), "error_description": .string(description),
            "code": .string(ErrorCode.response(status: status, error: code.rawValue).rawValue),
        ]
    }

    static func invalidRequest(_ description: String) -> OAuthError {
        OAuthError(status: 400, code: .invalidRequest, description: description)
    }
}

/// The value of a `WWW-Authenticate` header (RFC 6750 §3).
package struct BearerChallenge: Sendable, Equatable {
    /// nil where the request has no token: then the challenge has no error (RFC 6750 §3.1).
    package let error: OAuthError.Code?
    package let description: String

    package var headerValue: String {
        guard let error else { return #"Bearer realm="sts-gateway""# }
        return #"Bearer realm="sts-gateway", error="\#(error.rawValue)", error_description="\#(description)""#
    }
}
