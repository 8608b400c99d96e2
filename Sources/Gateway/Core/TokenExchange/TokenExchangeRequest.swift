/// What a caller asks for, whichever wire it came on.
public struct TokenExchangeRequest: Sendable {
    public enum Wire: Sendable, Equatable {
        /// `POST <path>/token` (RFC 8693).
        case tokenExchange
        /// `/token/user` and `/sig-cert`, authenticated by the bearer token alone.
        case bearer
    }

    public let wire: Wire
    public let subjectToken: SubjectToken
    /// RFC 8693 §2.1 `audience`: narrows `aud` to this one.
    public let audience: String?
    /// RFC 8693 §2.1 `resource`: must be one of the endpoint's audiences too.
    public let resource: String?
    /// Seconds the caller wants the token to live; clamped to what the endpoint grants.
    public let lifetime: Int?

    public init(
        wire: Wire, subjectToken: SubjectToken, audience: String? = nil, resource: String? = nil, lifetime: Int? = nil
    ) {
        self.wire = wire
        self.subjectToken = subjectToken
        self.audience = audience
        self.resource = resource
        self.lifetime = lifetime
    }
}
