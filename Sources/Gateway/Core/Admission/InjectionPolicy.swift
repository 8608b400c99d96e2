/// What the webhook injects by, whatever the Pod: the `injection` block, and what the gateway knows of itself and of
/// the cluster.
public struct InjectionPolicy: Sendable, Equatable {
    public struct Sidecar: Sendable, Equatable {
        public var image: String
        public var mode: GatewayConfiguration.Injection.SidecarMode
        /// Of its token files; any uid may read them by default.
        public var tokenMode: Int
        public var resources: SidecarResources

        public init(
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
    public var prefix: String
    /// The token listener, as Pods reach it: an https URL without a path.
    public var server: String
    public var position: GatewayConfiguration.Injection.Position
    public var sidecar: Sidecar
    /// PEM certificates that the listener's chain ends in; nil where it ends in one of the public authorities, which
    /// are in the sidecar's image.
    public var trust: String?
    /// What the subject token is made for, where every endpoint of the Pod takes that.
    public var audience: String
    /// Seconds; the kubelet refuses less than ``shortestSubjectToken``.
    public var subjectTokenLifetime: Int {
        didSet { subjectTokenLifetime = max(subjectTokenLifetime, Self.shortestSubjectToken) }
    }
    /// The API server's; nil where it is not known, which is taken for an old one.
    public var serverVersion: KubernetesVersion?

    public static let shortestSubjectToken = 600

    public init(
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
    public init(
        _ configuration: GatewayConfiguration.Injection, namespace: String?, standardImage: String, trust: String?,
        serverVersion: KubernetesVersion?
    ) {
        var server = configuration.gatewayURL ?? "https://sts-gateway.\(namespace ?? "default").svc:8443"
        while server.hasSuffix("/") { server.removeLast() }
        self.init(
            prefix: configuration.prefix, server: server, position: configuration.position,
            sidecar: Sidecar(
                image: configuration.sidecarImage ?? standardImage, mode: configuration.sidecarMode,
                tokenMode: configuration.tokenMode, resources: configuration.resources),
            trust: trust, audience: "sts-gateway.\(namespace ?? "default").svc",
            subjectTokenLifetime: configuration.subjectTokenLifetime, serverVersion: serverVersion)
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
