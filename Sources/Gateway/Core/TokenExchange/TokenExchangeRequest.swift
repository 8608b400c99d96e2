/// What a caller asks for, whichever wire it came on.
package struct TokenExchangeRequest: Sendable {
    package enum Wire: Sendable, Equatable {
        /// `POST <path>/token` (RFC 8693).
        case tokenExchange
        /// `/token/user` and `/sig-cert`, authenticated by the bearer token alone.
        case bearer
    }

    package let wire: Wire
    package let subjectToken: SubjectToken
    /// RFC 8693 §2.1 `audience`: narrows `aud` to this one.
    package let audience: String?
    /// RFC 8693 §2.1 `resource`: must be one of the endpoint's audiences too.
    package let resource: String?
    /// Seconds the caller wants the token to live; clamped to what the endpoint grants.
    package let lifetime: Int?

    package init(
        wire: Wire, subjectToken: SubjectToken, audience: String? = nil, resource: String? = nil, lifetime: Int? = nil
    ) {
        self.wire = wire
        self.subjectToken = subjectToken
        self.audience = audience
        self.resource = resource
        self.lifetime = lifetime
    }
}
