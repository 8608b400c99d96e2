/// A whole `gateway.yaml` that was read, checked and found good. Paths of files are as written: relative ones are
/// relative to the configuration file's own folder.
package struct GatewayConfiguration: Sendable {
    package var cluster: String
    package var listeners: Listeners
    /// Served by SNI, the first where no name fits; empty for the gateway's own certificate authority.
    package var certificates: [CertificateFiles]
    /// DNS names that the gateway's own certificate has beside those of its Services.
    package var certificateNames: [String]
    /// Seconds for which an authority of the gateway's own is announced before it issues, and trusted after, at least.
    package var authorityOverlap: Int
    package var review: Review
    package var keyStore: KeyStore
    package var injection: Injection
    package var limits: Limits
    package var audit: Audit
    package var log: Log
    package var endpoints: [EndpointConfiguration]

    package struct Listeners: Sendable, Equatable {
        package var tokens: ListenAddress
        package var webhook: ListenAddress
        package var admin: ListenAddress
    }

    /// PEM files: the certificate with its chain, and its private key.
    package struct CertificateFiles: Sendable, Equatable {
        package var certificate: String
        package var key: String
        /// The authority that clients are to trust; nil where it is one of the public ones.
        package var authority: String?

        package init(certificate: String, key: String, authority: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.authority = authority
        }
    }

    package enum Review: Sendable, Equatable {
        /// `kubeconfig` is nil inside a cluster.
        case kubernetes(kubeconfig: String?)
        case offline(keys: KeySetSource, issuer: String)
    }

    package enum KeySetSource: Sendable, Equatable {
        case file(String)
        /// An `https` URL (`http` on a loopback address only).
        case url(String)
    }

    package enum KeyStore: Sendable, Equatable {
        case kubernetes
        case directory(String)
    }

    package struct Injection: Sendable, Equatable {
        package var prefix: String
        package var gatewayURL: String?
        package var position: Position
        package var sidecarImage: String?
        package var sidecarMode: SidecarMode
        /// Of its token files.
        package var tokenMode: Int
        package var resources: SidecarResources
        /// Seconds of the ServiceAccount token that the sidecar has.
        package var subjectTokenLifetime: Int
        /// Whether a label's value may come from the annotation of the Pod's ServiceAccount.
        package var readsServiceAccounts: Bool
        package var uninjectedPods: UninjectedPods
        package var webhook: Webhook

        package enum Position: Sendable, Equatable {
            case first, last
            case after(String)
        }

        package enum SidecarMode: String, Sendable, CaseIterable { case auto, native, classic }

        /// The leader's look for labelled Pods that have no sidecar.
        package struct UninjectedPods: Sendable, Equatable {
            package var isEnabled: Bool
            /// Seconds between two looks.
            package var interval: Int
        }

        /// The webhook as the API server knows it.
        package struct Webhook: Sendable, Equatable {
            /// The Service in front of the webhook's listener, in the gateway's own namespace.
            package var service: String
            /// The MutatingWebhookConfigurations are `<prefix>-injector-<endpoint>`.
            package var configurationPrefix: String
            /// A PEM file: who may ask has a certificate of one of these authorities; nil for anybody.
            package var clientAuthorityFile: String?
            /// Reviews that are answered at a time.
            package var concurrency: Int

            package func configurationName(of endpoint: String) -> String {
                "\(configurationPrefix)-injector-\(endpoint)"
            }
        }
    }

    package struct Audit: Sendable, Equatable {
        /// Whether a refusal by policy is told as an Event on the Pod, too.
        package var events: Bool
    }

    /// Sizes in bytes, times in seconds.
    package struct Limits: Sendable, Equatable {
        package var bodyBytes: Int
        package var headerBytes: Int
        /// For the whole of a request's head and body to arrive.
        package var readTimeout: Int
        /// After which a connection without a request is closed.
        package var idleTimeout: Int
        /// Open connections per listener.
        package var connections: Int
        /// How long a gateway that was told to stop goes on serving; nil for what suits where it runs.
        package var drainDelay: Int?
    }

    package struct Log: Sendable, Equatable {
        package var level: Level
        package enum Level: String, Sendable, CaseIterable { case debug, info, notice, warning, error }
    }
}
