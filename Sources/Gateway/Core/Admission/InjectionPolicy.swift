package import KubernetesAPI

/// The settings of injection that are the same for every Pod: the `injection` block, and the properties of the gateway and
/// the cluster.
package struct InjectionPolicy: Sendable, Equatable {
    /// The sidecar's settings.
    package struct Sidecar: Sendable, Equatable {
        package var image: String
        package var mode: GatewayConfiguration.Injection.SidecarMode
        /// The mode of the token files; by default every uid may read them.
        package var tokenMode: Int
        package var resources: SidecarResources
        package var security: GatewayConfiguration.Injection.SidecarSecurity

        package init(
            image: String, mode: GatewayConfiguration.Injection.SidecarMode = .auto, tokenMode: Int = 0o644,
            resources: SidecarResources = SidecarResources(),
            security: GatewayConfiguration.Injection.SidecarSecurity = .init()
        ) {
            self.image = image
            self.mode = mode
            self.tokenMode = tokenMode
            self.resources = resources
            self.security = security
        }
    }

    /// The prefix of labels and annotations, before the slash.
    package var prefix: String
    /// The https URL, without a path, at which Pods reach the token listener.
    package var server: String
    package var position: GatewayConfiguration.Injection.Position
    /// Further native sidecars that capture the Pod's traffic, beside those of the known meshes.
    package var meshProxies: Set<String> = []
    package var sidecar: Sidecar
    /// What writes the token files of a Pod that does not select it.
    package var delivery = GatewayConfiguration.Injection.Delivery.sidecar
    /// The name of the CSIDriver object; nil where the node driver is not installed.
    package var nodeDriver: String?
    /// The PEM CA certificates of the token listener; nil for a public CA, which the sidecar's image contains.
    package var trust: String?
    /// The audience of the subject token, where every endpoint of the Pod accepts it.
    package var audience: String
    /// The lifetime of the subject token in seconds; at least ``minimumSubjectTokenLifetime``.
    package var subjectTokenLifetime: Int {
        didSet { subjectTokenLifetime = max(subjectTokenLifetime, Self.minimumSubjectTokenLifetime) }
    }
    /// The API server's version; nil where it is not known, which means a version without native sidecars.
    package var serverVersion: KubernetesVersion?

    /// The lifetime of the subject token of a Pod in seconds.
    ///
    /// The kubelet replaces a token at 80 % of its lifetime, but not while the Pod terminates. With five times the grace
    /// period the rest is always as long as the grace period.
    func subjectTokenLifetime(terminationGracePeriod: Int) -> Int {
        // Bounded before the multiplication, which could overflow: the Pod's author chooses the number.
        let needed = min(max(terminationGracePeriod, 0), Self.maximumSubjectTokenLifetime) * 5
        return max(subjectTokenLifetime, min(needed, Self.maximumSubjectTokenLifetime))
    }

    /// The maximum lifetime for a long grace period, in seconds: the kubelet replaces an older token after 24 hours anyway.
    static let maximumSubjectTokenLifetime = 86_400
    /// The minimum lifetime that the kubelet accepts, in seconds.
    package static let minimumSubjectTokenLifetime = 600

    package init(
        prefix: String, server: String, position: GatewayConfiguration.Injection.Position = .first, sidecar: Sidecar,
        trust: String? = nil, audience: String, subjectTokenLifetime: Int = 3_600,
        serverVersion: KubernetesVersion? = nil
    ) {
        self.prefix = prefix
        self.server = server
        self.position = position
        self.sidecar = sidecar
        self.trust = trust
        self.audience = audience
        self.subjectTokenLifetime = max(subjectTokenLifetime, Self.minimumSubjectTokenLifetime)
        self.serverVersion = serverVersion
    }

    /// Creates the policy of a configuration.
    ///
    /// - Parameters:
    ///   - namespace: the gateway's namespace; nil where it is not known.
    ///   - standardImage: the sidecar's image where the configuration has none.
    package init(
        _ configuration: GatewayConfiguration.Injection, namespace: String?, standardImage: String, trust: String?,
        serverVersion: KubernetesVersion?
    ) {
        let gateway = ServiceName.gateway(in: namespace).host
        var server = configuration.gatewayURL ?? "https://\(gateway):8443"
        while server.hasSuffix("/") { server.removeLast() }
        self.init(
            prefix: configuration.prefix, server: server, position: configuration.position,
            sidecar: Sidecar(
                image: configuration.sidecarImage ?? standardImage, mode: configuration.sidecarMode,
                tokenMode: configuration.tokenMode, resources: configuration.resources,
                security: configuration.sidecarSecurity),
            trust: trust, audience: gateway, subjectTokenLifetime: configuration.subjectTokenLifetime,
            serverVersion: serverVersion)
        meshProxies = Set(configuration.meshProxies)
        delivery = configuration.delivery
        nodeDriver = configuration.nodeDriver
    }

    /// The key of a label or an annotation.
    func key(_ name: String) -> String { "\(prefix)/\(name)" }

    /// Whether the sidecar is a native one.
    var isNative: Bool {
        switch sidecar.mode {
        case .native: true
        case .classic: false
        case .auto: serverVersion.map { $0 >= .nativeSidecarsEverywhere } ?? false
        }
    }
}
