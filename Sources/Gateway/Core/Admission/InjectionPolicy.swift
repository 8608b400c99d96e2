package import KubernetesAPI

/// What the webhook injects by, whatever the Pod: the `injection` block, and what the gateway knows of itself and of
/// the cluster.
package struct InjectionPolicy: Sendable, Equatable {
    package struct Sidecar: Sendable, Equatable {
        package var image: String
        package var mode: GatewayConfiguration.Injection.SidecarMode
        /// Of its token files; any uid may read them by default.
        package var tokenMode: Int
        package var resources: SidecarResources

        package init(
            image: String, mode: GatewayConfiguration.Injection.SidecarMode = .auto, tokenMode: Int = 0o644,
            resources: SidecarResources = SidecarResources()
        ) {
            self.image = image
            self.mode = mode
            self.tokenMode = tokenMode
            self.resources = resources
        }
    }

    /// What labels and annotations begin with, before the slash.
    package var prefix: String
    /// The token listener, as Pods reach it: an https URL without a path.
    package var server: String
    package var position: GatewayConfiguration.Injection.Position
    package var sidecar: Sidecar
    /// PEM certificates that the listener's chain ends in; nil where it ends in one of the public authorities, which
    /// are in the sidecar's image.
    package var trust: String?
    /// What the subject token is made for, where every endpoint of the Pod takes that.
    package var audience: String
    /// Seconds; the kubelet refuses less than ``shortestSubjectToken``.
    package var subjectTokenLifetime: Int {
        didSet { subjectTokenLifetime = max(subjectTokenLifetime, Self.shortestSubjectToken) }
    }
    /// The API server's; nil where it is not known, which is taken for an old one.
    package var serverVersion: KubernetesVersion?

    package static let shortestSubjectToken = 600

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
        self.subjectTokenLifetime = max(subjectTokenLifetime, Self.shortestSubjectToken)
        self.serverVersion = serverVersion
    }

    /// By the configuration.
    ///
    /// - Parameters:
    ///   - namespace: the gateway's own; nil where it is not known.
    ///   - standardImage: the sidecar's image where the configuration names none.
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
                tokenMode: configuration.tokenMode, resources: configuration.resources),
            trust: trust, audience: gateway, subjectTokenLifetime: configuration.subjectTokenLifetime,
            serverVersion: serverVersion)
    }

    /// The key of a label or an annotation.
    func key(_ name: String) -> String { "\(prefix)/\(name)" }

    /// Whether the sidecar is an init container that runs beside the others.
    var isNative: Bool {
        switch sidecar.mode {
        case .native: true
        case .classic: false
        case .auto: serverVersion.map { $0 >= .nativeSidecarsEverywhere } ?? false
        }
    }
}
