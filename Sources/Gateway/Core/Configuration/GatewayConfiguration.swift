/// A whole `gateway.yaml` that was read, checked and found good. Paths of files are as written: relative ones are
/// relative to the configuration file's own folder.
public struct GatewayConfiguration: Sendable {
    public var cluster: String
    public var listeners: Listeners
    /// Served by SNI, the first where no name fits; empty for the gateway's own certificate authority.
    public var certificates: [CertificateFiles]
    /// DNS names that the gateway's own certificate has beside those of its Services.
    public var certificateNames: [String]
    /// Seconds for which an authority of the gateway's own is announced before it issues, and trusted after, at least.
    public var authorityOverlap: Int
    public var review: Review
    public var keyStore: KeyStore
    public var injection: Injection
    public var limits: Limits
    public var audit: Audit
    public var log: Log
    public var endpoints: [EndpointConfiguration]

    public struct Listeners: Sendable, Equatable {
        public var tokens: ListenAddress
        public var webhook: ListenAddress
        public var admin: ListenAddress
    }

    /// PEM files: the certificate with its chain, and its private key.
    public struct CertificateFiles: Sendable, Equatable {
        public var certificate: String
        public var key: String
        /// The authority that clients are to trust; nil where it is one of the public ones.
        public var authority: String?

        public init(certificate: String, key: String, authority: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.authority = authority
        }
    }

    public enum Review: Sendable, Equatable {
        /// `kubeconfig` is nil inside a cluster.
        case kubernetes(kubeconfig: String?)
        case offline(keys: KeySetSource, issuer: String)
    }

    public enum KeySetSource: Sendable, Equatable {
        case file(String)
        /// An `https` URL (`http` on a loopback address only).
        case url(String)
    }

    public enum KeyStore: Sendable, Equatable {
        case kubernetes
        case directory(String)
    }

    public struct Injection: Sendable, Equatable {
        public var prefix: String
        public var gatewayURL: String?
        public var position: Position
        public var sidecarImage: String?
        public var sidecarMode: SidecarMode
        /// Of its token files.
        public var tokenMode: Int
        public var resources: SidecarResources
        /// Seconds of the ServiceAccount token that the sidecar has.
        public var subjectTokenLifetime: Int
        /// Whether a label's value may come from the annotation of the Pod's ServiceAccount.
        public var readsServiceAccounts: Bool
        public var uninjectedPods: UninjectedPods
        public var webhook: Webhook

        public enum Position: Sendable, Equatable {
            case first, last
            case after(String)
        }

        public enum SidecarMode: String, Sendable, CaseIterable { case auto, native, classic }

        /// The leader's look for labelled Pods that have no sidecar.
        public struct UninjectedPods: Sendable, Equatable {
            public var isEnabled: Bool
            /// Seconds between two looks.
            public var interval: Int
        }

        /// The webhook as the API server knows it.
        public struct Webhook: Sendable, Equatable {
            /// The Service in front of the webhook's listener, in the gateway's own namespace.
            public var service: String
            /// The MutatingWebhookConfigurations are `<prefix>-injector-<endpoint>`.
            public var configurationPrefix: String
            /// A PEM file: who may ask has a certificate of one of these authorities; nil for anybody.
            public var clientAuthorityFile: String?
            /// Reviews that are answered at a time.
            public var concurrency: Int

            public func configurationName(of endpoint: String) -> String {
                "\(configurationPrefix)-injector-\(endpoint)"
            }
        }
    }

    public struct Audit: Sendable, Equatable {
        /// Whether a refusal by policy is told as an Event on the Pod, too.
        public var events: Bool
    }

    /// Sizes in bytes, times in seconds.
    public struct Limits: Sendable, Equatable {
        public var bodyBytes: Int
        public var headerBytes: Int
        /// For the whole of a request's head and body to arrive.
        public var readTimeout: Int
        /// After which a connection without a request is closed.
        public var idleTimeout: Int
        /// Open connections per listener.
        public var connections: Int
        /// How long a gateway that was told to stop goes on serving; nil for what suits where it runs.
        public var drainDelay: Int?
    }

    public struct Log: Sendable, Equatable {
        public var level: Level
        public enum Level: String, Sendable, CaseIterable { case debug, info, notice, warning, error }
    }
}
