public import JOSE

/// A plugin's part of an endpoint's configuration: its defaults, and the limits of its relying party.
public struct EndpointDefaults: Sendable, Equatable {
    /// The names that the injector uses unless the endpoint's `injector` block sets others.
    public struct Injector: Sendable, Equatable {
        /// The name part of the label's and the annotation's key, without the prefix (`[A-Za-z0-9_.-]`, 63 at most).
        public let label: String
        /// The variable that holds the token file's path.
        public let tokenVariable: String
        /// The variable that holds the annotation's value; nil where the relying party's SDK has none.
        public let valueVariable: String?

        /// Creates the names; the conformance suite checks that Kubernetes accepts them.
        public init(label: String, tokenVariable: String, valueVariable: String?) {
            self.label = label
            self.tokenVariable = tokenVariable
            self.valueVariable = valueVariable
        }
    }

    /// The audiences of an endpoint that configures none; empty where each endpoint must configure its own.
    public let audiences: [String]
    /// Audiences that only this kind of relying party has. An endpoint without `plugin` finds its plugin by them.
    public let recognizedAudiences: Set<String>
    /// The injector's names.
    public let injector: Injector
    /// The algorithms that the relying party verifies, the default first; never empty.
    public let algorithms: [SignatureAlgorithm]
    /// What the relying party accepts at most.
    public let limits: RelyingPartyLimits

    /// Creates the defaults of a plugin; the conformance suite checks them.
    public init(
        audiences: [String] = [], recognizedAudiences: Set<String> = [], injector: Injector,
        algorithms: [SignatureAlgorithm], limits: RelyingPartyLimits = RelyingPartyLimits()
    ) {
        self.audiences = audiences
        self.recognizedAudiences = recognizedAudiences
        self.injector = injector
        self.algorithms = algorithms
        self.limits = limits
    }

    /// Whether ``recognizedAudiences`` contains the audience. The comparison is exact.
    public func recognizes(_ audience: String) -> Bool { recognizedAudiences.contains(audience) }
}

/// The limits of a relying party. The gateway checks them when it reads the configuration and when it issues a token.
public struct RelyingPartyLimits: Sendable, Equatable {
    /// Maximum number of values in `aud`.
    public var audiences: Int
    /// Maximum length of a value in `aud`, in UTF-8 bytes.
    public var audienceLength: Int
    /// Maximum length of `sub`, in UTF-8 bytes; at most 255, which is the limit of OpenID Connect Core 1.0 §2.
    public var subjectLength: Int
    /// Maximum length of the issuer URL, in UTF-8 bytes.
    public var issuerLength: Int
    /// Maximum length of a token in its compact form, in bytes.
    public var tokenLength: Int

    /// Creates limits; each default is what the gateway itself allows.
    public init(
        audiences: Int = 16, audienceLength: Int = 512, subjectLength: Int = 255, issuerLength: Int = 512,
        tokenLength: Int = 16_384
    ) {
        self.audiences = audiences
        self.audienceLength = audienceLength
        self.subjectLength = subjectLength
        self.issuerLength = issuerLength
        self.tokenLength = tokenLength
    }
}
