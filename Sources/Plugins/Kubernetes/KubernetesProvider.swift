public import GatewayPluginAPI
import JOSE
import JSON

/// The API server of another cluster, by structured authentication configuration (`AuthenticationConfiguration` of
/// `apiserver.config.k8s.io/v1`). Pods get a kubeconfig that names the token file.
public struct KubernetesProvider: ProviderPlugin {
    public static let id: PluginID = PluginID("kubernetes")

    /// The algorithms are those of the API server's JWT authenticator that the gateway has. client-go reads a `tokenFile`
    /// again a minute after it has read it, or 10 seconds earlier (`transport/token_source.go`), so a replaced token must
    /// remain valid for longer than that.
    public static let defaults = EndpointDefaults(
        injector: .init(
            label: "kubernetes", annotation: .optional, tokenVariable: nil, valueVariable: nil,
            exclusiveVariables: ["KUBECONFIG"]),
        algorithms: [.rs256, .rs384, .rs512, .es256, .es384, .es512],
        tokens: TokenRules(timeToLive: 3_600, minimumLifetime: 600, remainingAtRenewal: 120),
        propagation: KeyPropagation(
            newKey: 600,
            oldKey: .until("a token with an unknown kid arrives, or the file of the configuration changes"),
            evidence: "The API server fetches the key set for a kid that it has not cached (go-oidc, jwks.go)."))

    /// The endpoint's `settings` block.
    public struct Settings: Decodable, Sendable {
        /// The URL of the other cluster's API server, as Pods reach it.
        public let server: String
        /// CA certificates in PEM with which Pods verify the API server; nil for those of their image.
        public let certificateAuthority: String?
        /// The namespace of the kubeconfig's context, where a Pod has no annotation.
        public let namespace: String?
        /// Whether the kubeconfig runs `sh` for each token (`exec`) in place of `tokenFile`; nil for false.
        public let execCredential: Bool?
        /// The URL from which the API server reads the discovery document; nil for the issuer's own.
        public let discoveryURL: String?
        /// CA certificates in PEM with which the API server verifies the issuer; nil for those of its system.
        public let issuerCertificateAuthority: String?
        /// What user names at the API server begin with; nil for `sts:`.
        public let usernamePrefix: String?
        /// The claim with the user's groups; nil for none. Their names have the same prefix.
        public let groupsClaim: String?

        /// Creates settings.
        public init(
            server: String, certificateAuthority: String? = nil, namespace: String? = nil, execCredential: Bool? = nil,
            discoveryURL: String? = nil, issuerCertificateAuthority: String? = nil, usernamePrefix: String? = nil,
            groupsClaim: String? = nil
        ) {
            self.server = server
            self.certificateAuthority = certificateAuthority
            self.namespace = namespace
            self.execCredential = execCredential
            self.discoveryURL = discoveryURL
            self.issuerCertificateAuthority = issuerCertificateAuthority
            self.usernamePrefix = usernamePrefix
            self.groupsClaim = groupsClaim
        }
    }

    let name: String
    let settings: Settings

    public init(endpoint: Endpoint, settings: Settings, context: PluginContext) throws(SettingsErrors) {
        try SettingsErrors.check(settings.errors(issuer: endpoint.issuer))
        name = endpoint.name
        self.settings = settings
    }

    /// A kubeconfig of one context. The annotation is the context's namespace.
    public func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        if let namespace = request.annotation, !KubernetesNames.isNamespace(namespace) {
            throw InjectionError(
                "invalid namespace \(Quotation.of(namespace)); expected the name of a namespace of the other cluster")
        }
        let kubeconfig = Kubeconfig(
            name: name, server: settings.server, certificateAuthority: settings.certificateAuthority,
            namespace: request.annotation ?? settings.namespace, tokenFile: request.tokenFile,
            isExecuted: settings.execCredential ?? false)
        return PodInjection(
            files: [.init(name: "kubeconfig", contents: kubeconfig.json.indentedText, variable: "KUBECONFIG")])
    }
}
