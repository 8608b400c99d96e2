/// What a relying party and its SDKs require of tokens. The gateway checks an endpoint's `token` block against the rules,
/// issues tokens by them, and lets the sidecar renew tokens by them.
public struct TokenRules: Sendable, Equatable {
    /// The lifetime in seconds where the endpoint configures none.
    public var timeToLive: Int
    /// The minimum lifetime in seconds: an endpoint cannot configure less, and a caller cannot request less.
    public var minimumLifetime: Int
    /// The maximum of `exp` − `iat` in seconds: an endpoint cannot configure more.
    public var maximumLifetime: Int
    /// How many seconds a token must remain valid when the sidecar replaces it, for SDKs that cache the token's file; 0
    /// where they read it at each use.
    public var remainingAtRenewal: Int
    /// Whether tokens have a `jti` (RFC 7519 §4.1.7). False for relying parties that accept each `jti` only once, since the
    /// processes of a Pod share a token. An endpoint can override it by `token.jti`.
    public var hasTokenID: Bool
    /// The `typ` of the header (RFC 7515 §4.1.9).
    public var type: String

    /// Creates rules; each default is what the gateway itself does.
    public init(
        timeToLive: Int = 900, minimumLifetime: Int = 60, maximumLifetime: Int = 86_400, remainingAtRenewal: Int = 0,
        hasTokenID: Bool = true, type: String = "JWT"
    ) {
        self.timeToLive = timeToLive
        self.minimumLifetime = minimumLifetime
        self.maximumLifetime = maximumLifetime
        self.remainingAtRenewal = remainingAtRenewal
        self.hasTokenID = hasTokenID
        self.type = type
    }
}
