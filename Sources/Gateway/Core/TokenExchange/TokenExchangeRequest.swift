/// A request for a token, independent of its wire format.
package struct TokenExchangeRequest: Sendable {
    /// The wire format of the request.
    package enum Wire: Sendable, Equatable {
        /// `POST <path>/token` (RFC 8693).
        case tokenExchange
        /// `/token/user` and `/sig-cert`, authenticated by the bearer token alone.
        case bearer
    }

    package let wire: Wire
    package let subjectToken: SubjectToken
    /// RFC 8693 §2.1 `audience`: restricts `aud` to this one.
    package let audience: String?
    /// RFC 8693 §2.1 `resource`: must be one of the endpoint's audiences as well.
    package let resource: String?
    /// The requested token lifetime in seconds; limited by the endpoint.
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
