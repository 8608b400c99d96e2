public import JOSE

/// A plugin's part of an endpoint's configuration: its defaults, and the limits of its relying party.
public struct EndpointDefaults: Sendable, Equatable {
    /// The names that the injector uses where the endpoint does not say.
    public struct Injector: Sendable, Equatable {
        /// Label and annotation, without the prefix.
        public let label: String
        /// The variable that holds the token file's path.
        public let tokenVariable: String
        /// The variable that holds the annotation's value; nil where the relying party's SDK has none.
        public let valueVariable: String?

        public init(label: String, tokenVariable: String, valueVariable: String?) {
            self.label = label
            self.tokenVariable = tokenVariable
            self.valueVariable = valueVariable
        }
    }

    /// The audience where the endpoint names none; empty where there is none to assume.
    public let audiences: [String]
    /// Audiences that tell this kind of relying party from every other.
    public let recognisedAudiences: Set<String>
    public let injector: Injector
    /// What the relying party verifies, the default first; never empty.
    public let algorithms: [SignatureAlgorithm]
    public let limits: RelyingPartyLimits

    public init(
        audiences: [String] = [], recognisedAudiences: Set<String> = [], injector: Injector,
        algorithms: [SignatureAlgorithm], limits: RelyingPartyLimits = RelyingPartyLimits()
    ) {
        self.audiences = audiences
        self.recognisedAudiences = recognisedAudiences
        self.injector = injector
        self.algorithms = algorithms
        self.limits = limits
    }

    /// How an endpoint without `plugin` finds its own.
    public func recognises(_ audience: String) -> Bool { recognisedAudiences.contains(audience) }
}

/// What a relying party refuses; checked when the configuration is read and when a token is issued.
public struct RelyingPartyLimits: Sendable, Equatable {
    /// Most values in `aud`.
    public var audiences: Int
    /// Longest value in `aud`, in UTF-8 bytes.
    public var audienceLength: Int
    /// Longest `sub`, in UTF-8 bytes; never more than the core's own 255.
    public var subjectLength: Int
    /// Longest issuer URL, in UTF-8 bytes.
    public var issuerLength: Int
    /// Longest token in its compact form, in bytes.
    public var tokenLength: Int

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
