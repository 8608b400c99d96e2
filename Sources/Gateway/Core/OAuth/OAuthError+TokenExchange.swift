extension OAuthError {
    /// The error response, by the wire format of the request. It does not contain the reason, which is for the operator.
    package init(_ error: TokenExchangeError, wire: TokenExchangeRequest.Wire) {
        switch (error, wire) {
        case (.invalidSubjectToken, .tokenExchange):
            self = .invalidRequest("the subject token is invalid or not accepted at this endpoint")
        case (.deniedByPolicy, .tokenExchange), (.unissuable, .tokenExchange):
            self = .invalidRequest("the policy of this endpoint refuses the subject")
        case (.invalidSubjectToken, .bearer):
            self = .bearer(
                status: 401, code: .invalidToken,
                description: "the bearer token is invalid or not accepted at this endpoint")
        case (.deniedByPolicy, .bearer), (.unissuable, .bearer):
            self = .bearer(
                status: 403, code: .insufficientScope, description: "the policy of this endpoint refuses the subject")
        case (.invalidTarget, _):
            self.init(
                status: 400, code: .invalidTarget,
                description: "the audience or resource is not one that this endpoint issues tokens for")
        case (.reviewUnavailable(let retryAfter, _), _):
            self.init(
                status: 503, code: .temporarilyUnavailable, description: "the token cannot be reviewed now; try again",
                retryAfter: retryAfter)
        case (.noSigningKey(let retryAfter), _):
            self.init(
                status: 503, code: .temporarilyUnavailable, description: "no key may sign now; try again",
                retryAfter: retryAfter)
        case (.signingOverloaded(let retryAfter), _):
            self.init(
                status: 503, code: .temporarilyUnavailable, description: "too many tokens are being signed; try again",
                retryAfter: retryAfter)
        case (.tooManyCalls(let refusal, _), _): self.init(refusal)
        }
    }

    /// A call beyond a limit (RFC 6585 §4). The caller does not learn which one.
    package init(_ refusal: CallRefusal) {
        self.init(
            status: 429, code: .temporarilyUnavailable, description: "too many calls; try again later",
            retryAfter: refusal.retryAfter)
    }

    /// An error of RFC 6750 §3.1, with its challenge.
    static func bearer(status: Int, code: Code, description: String) -> OAuthError {
        OAuthError(
            status: status, code: code, description: description,
            challenge: BearerChallenge(error: code, description: description))
    }

    /// A request of the bearer wire without a bearer token.
    static let missingBearer = OAuthError(
        status: 401, code: .invalidToken, description: "a bearer token is required",
        challenge: BearerChallenge(error: nil, description: ""))

    static let tokenInQuery = "a token in the query string is refused; send it in the body or the header"

    /// A request of the bearer wire with a token in its query.
    static let bearerInQuery = OAuthError(
        status: 401, code: .invalidToken, description: tokenInQuery,
        challenge: BearerChallenge(error: nil, description: ""))
}
