public import GatewayPluginAPI
public import JOSE

/// One endpoint of `sts.endpoints`, with its defaults filled in and its plugin made.
public struct EndpointConfiguration: Sendable {
    public var name: String
    public var pluginID: PluginID
    public var provider: any ProviderPlugin
    /// What the plugin was made for: name, cluster, issuer, audiences, algorithm, key size, ttl.
    public var endpoint: Endpoint
    public var path: PathPrefix
    public var policy: AccessPolicy
    /// The Secret of stock's `issuer.keypair`.
    public var keypair: String?
    public var injector: Injector
    public var subjectToken: SubjectTokenPolicy
    public var token: TokenPolicy
    public var rotation: Rotation
    public var limits: RelyingPartyLimits
    /// nil where an operator uploads the documents by hand.
    public var publisher: Publisher?
    public var probe: Probe

    public var issuer: Issuer { endpoint.issuer }

    public struct Injector: Sendable, Equatable {
        public var label: String
        public var tokenVariable: String
        public var valueVariable: String?
        public var explicitCertificateTrust: Bool
    }

    /// Which ServiceAccount tokens the endpoint takes.
    public struct SubjectTokenPolicy: Sendable, Equatable {
        /// One or more; sorted and without repetition.
        public var audiences: [String]
        public var acceptAPIServerAudience: Bool
        public var requirePod: Bool
    }

    /// What the issued token says beside what every token says.
    public struct TokenPolicy: Sendable, Equatable {
        /// Seconds.
        public var timeToLive: Int
        public var subject: SubjectTemplate
        public var claims: [Claim]
        /// Whether `exp` is never later than the subject token's.
        public var capToSubject: Bool

        public struct Claim: Sendable, Equatable {
            public var name: String
            public var source: Source
            public enum Source: Sendable, Equatable {
                case value(JSONValue)
                /// A known attribute; the claim is left out where the attribute is absent.
                case attribute(String)
            }
        }
    }

    /// How the issuer's documents reach the world.
    public struct Publisher: Sendable {
        public var pluginID: PluginID
        public var plan: PublisherPlan
    }

    /// How the public documents are read back.
    public struct Probe: Sendable, Equatable {
        public var isEnabled = true
        /// In place of the issuer's host and port 443.
        public var connectTo: ListenAddress?
        /// A PEM file of authorities to trust, in place of the system's.
        public var authorityFile: String?
        /// A URL, in place of the environment's.
        public var proxy: String?
        /// Seconds.
        public var interval = 300
    }

    /// Seconds.
    public struct Rotation: Sendable, Equatable {
        public var every: Int
        public var propagation: Int
        /// What the documents' `Cache-Control` says.
        public var maximumAge = 300
    }

    public var rotationPolicy: RotationPolicy {
        RotationPolicy(
            every: rotation.every, propagation: rotation.propagation, maximumAge: rotation.maximumAge,
            timeToLive: token.timeToLive, replicaWindow: Self.replicaWindow, algorithm: endpoint.algorithm,
            rsaKeySize: endpoint.rsaKeySize)
    }

    /// How long a replica may sign by a key ring that the store has not confirmed, in seconds.
    public static let replicaWindow = 900
}
