public import JOSE

/// A plugin's part of an endpoint's configuration: its defaults, and the limits of its relying party.
public struct EndpointDefaults: Sendable, Equatable {
    /// The names that the injector uses unless the endpoint's `injector` block sets others.
    public struct Injector: Sendable, Equatable {
        /// Whether a Pod needs the annotation.
        public enum Annotation: String, Sendable, CaseIterable {
            /// A Pod without the annotation gets no token; its author is warned.
            case required
            /// The label is enough. ``InjectionRequest/annotation`` is nil in a Pod without the annotation.
            case optional
        }

        /// The name part of the label's and the annotation's key, without the prefix (`[A-Za-z0-9_.-]`, 63 at most).
        public let label: String
        /// Whether a Pod needs the annotation.
        public let annotation: Annotation
        /// The variable that holds the token file's path; nil where the SDKs find the file by another one, such as that of
        /// a rendered file.
        public let tokenVariable: String?
        /// The variable that holds the annotation's value; nil where the relying party's SDK has none.
        public let valueVariable: String?
        /// Names of further annotations: the option `region` of the label `role` is the annotation `role-region`. Their
        /// values are ``InjectionRequest/options``.
        public let options: [String]
        /// The variables that `injection(for:)` may set beside these two, with those of its files. Two endpoints with the
        /// same label and one of these variables in common exclude each other in a Pod; the gateway warns of them when it
        /// reads the configuration.
        public let exclusiveVariables: [String]

        /// Creates the names; the conformance suite checks that Kubernetes accepts them.
        public init(
            label: String, annotation: Annotation = .required, tokenVariable: String?, valueVariable: String?,
            options: [String] = [], exclusiveVariables: [String] = []
        ) {
            self.label = label
            self.annotation = annotation
            self.tokenVariable = tokenVariable
            self.valueVariable = valueVariable
            self.options = options
            self.exclusiveVariables = exclusiveVariables
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
    /// The lifetime and the form of tokens.
    public let tokens: TokenRules

    /// The lifetime of tokens, in seconds, where the endpoint configures none.
    public var timeToLive: Int { tokens.timeToLive }
    /// How long the verifiers need to learn of a change of the keys that are published at the issuer URL.
    public let propagation: KeyPropagation

    /// Creates the defaults of a plugin; the conformance suite checks them.
    public init(
        audiences: [String] = [], recognizedAudiences: Set<String> = [], injector: Injector,
        algorithms: [SignatureAlgorithm], limits: RelyingPartyLimits = RelyingPartyLimits(),
        tokens: TokenRules = TokenRules(),
        propagation: KeyPropagation = .undocumented
    ) {
        self.propagation = propagation
        self.audiences = audiences
        self.recognizedAudiences = recognizedAudiences
        self.injector = injector
        self.algorithms = algorithms
        self.limits = limits
        self.tokens = tokens
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
    /// Maximum length of `sub`, in UTF-8 bytes; at most 255, which is the limit of OpenID Connect Core 1.0 §2. A Pod whose
    /// subject would be longer is denied, and a template that cannot fit is an error of the configuration.
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
