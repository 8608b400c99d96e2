/// A whole `gateway.yaml` that was read, checked and found good. Paths of files are as written: relative ones are
/// relative to the configuration file's own folder.
public struct GatewayConfiguration: Sendable {
    public var cluster: String
    public var listeners: Listeners
    /// Served by SNI, the first where no name fits; empty for the gateway's own certificate authority.
    public var certificates: [CertificateFiles]
    public var review: Review
    public var keyStore: KeyStore
    public var injection: Injection
    public var limits: Limits
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

        public enum Position: Sendable, Equatable {
            case first, last
            case after(String)
        }

        public enum SidecarMode: String, Sendable, CaseIterable { case auto, native, classic }
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
    }

    public struct Log: Sendable, Equatable {
        public var level: Level
        public enum Level: String, Sendable, CaseIterable { case debug, info, notice, warning, error }
    }
}
