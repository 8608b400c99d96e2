/// A valid `gateway.yaml`. Paths of files are unchanged: relative ones are relative to the folder of the configuration
/// file.
package struct GatewayConfiguration: Sendable {
    /// The name of a cluster whose configuration has none.
    package static let defaultCluster = "kubernetes"

    package var cluster: String
    package var listeners: Listeners
    /// Selected by SNI, the first by default; empty for certificates of a self-signed CA.
    package var certificates: [CertificateFiles]
    /// DNS names of the gateway's serving certificate in addition to those of its Services.
    package var certificateNames: [String]
    /// The minimum time for which a self-signed CA is announced before it issues, and trusted after, in seconds.
    package var authorityOverlap: Int
    package var tls: TLSPolicy
    package var review: Review
    package var keyStore: KeyStore
    package var injection: Injection
    package var limits: Limits
    package var audit: Audit
    package var log: Log
    /// Hosts, in lower case, for which the status is shown at any address.
    package var statusHosts: [String]
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
        /// The PEM file of the CA that clients trust; nil for a public CA.
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
        package var admission = Admission.webhook
        /// Whether the leader writes admission policies; otherwise it reports how they differ.
        package var isManaged = true
        package var delivery = Delivery.sidecar
        /// The name of the CSIDriver object; nil where the node driver is not installed.
        package var nodeDriver: String?
        /// The ConfigMap that gets the CA bundle for node drivers; nil for none.
        package var caConfigMap: NamespacedName?
        package var position: Position
        package var sidecarImage: String?
        package var sidecarMode: SidecarMode
        /// The mode of token files.
        package var tokenMode: Int
        package var resources: SidecarResources
        package var sidecarSecurity: SidecarSecurity
        /// Further native sidecars that capture the Pod's traffic.
        package var meshProxies: [String]
        /// The lifetime of the sidecar's ServiceAccount token in seconds.
        package var subjectTokenLifetime: Int
        /// Whether annotations of the Pod's ServiceAccount are used.
        package var readsServiceAccounts: Bool
        package var uninjectedPods: UninjectedPods
        package var webhook: Webhook

        package enum Position: Sendable, Equatable {
            case first, last
            case after(String)
        }

        /// What injects Pods. `auto`: policies where the API server has them.
        package enum Admission: String, Sendable, CaseIterable { case webhook, policy, auto }

        /// What writes the token files of a Pod.
        package enum Delivery: String, Sendable, CaseIterable { case sidecar, csi }

        package enum SidecarMode: String, Sendable, CaseIterable { case auto, native, classic }

        /// The leader's search for labelled Pods without a sidecar.
        package struct UninjectedPods: Sendable, Equatable {
            package var isEnabled: Bool
            /// Seconds between searches.
            package var interval: Int
        }

        /// Parts of the sidecar's securityContext.
        package struct SidecarSecurity: Sendable, Equatable {
            /// nil for the Pod's user.
            package var user: Int?
            /// nil for the Pod's group.
            package var group: Int?
            package var hasSeccompProfile = true

            package init(user: Int? = nil, group: Int? = nil, hasSeccompProfile: Bool = true) {
                self.user = user
                self.group = group
                self.hasSeccompProfile = hasSeccompProfile
            }
        }

        /// The webhook as registered in the API server.
        package struct Webhook: Sendable, Equatable {
            /// The Service of the webhook's listener, in the gateway's namespace.
            package var service: String
            /// The MutatingWebhookConfigurations are `<prefix>-injector-<endpoint>`.
            package var configurationPrefix: String
            /// The namespaces whose Pods are not injected, beside the gateway's own.
            package var excludedNamespaces: [String]
            /// The PEM file of the CAs of client certificates; nil where no client certificate is required.
            package var clientAuthorityFile: String?
            /// The maximum number of concurrent reviews.
            package var concurrency: Int

            /// Namespaces whose Pods must not depend on the gateway, by default.
            package static let systemNamespaces = ["kube-system", "kube-public", "kube-node-lease"]

            package func configurationName(of endpoint: String) -> String {
                "\(configurationPrefix)-injector-\(endpoint)"
            }
        }
    }

    package struct Audit: Sendable, Equatable {
        /// Whether a denial by policy is also recorded as an Event on the Pod.
        package var events: Bool
    }

    /// Sizes in bytes, times in seconds.
    package struct Limits: Sendable, Equatable {
        package var bodyBytes: Int
        package var headerBytes: Int
        /// The time for a request to arrive completely.
        package var readTimeout: Int
        /// The time after which a connection without a request is closed; nil for a default that varies by connection.
        package var idleTimeout: Int?
        /// The maximum number of open connections per listener.
        package var connections: Int
        /// How long the gateway continues to serve after SIGTERM; nil for the default of its environment.
        package var drainDelay: Int?
        /// From the request to stop to the end of the process; nil for what suits `drainDelay`.
        package var shutdownTimeout: Int?
        package var calls: CallLimits
    }

    package struct Log: Sendable, Equatable {
        package var level: Level
        package enum Level: String, Sendable, CaseIterable { case debug, info, notice, warning, error }
    }
}
