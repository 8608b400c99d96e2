/// Why a token request could not be read.
package enum TokenRequestError: Error, Sendable, Equatable {
    /// The request itself is not valid.
    case malformed(OAuthError)
    /// The request is valid, and its subject token is not a signed JWT.
    case malformedSubjectToken
}
