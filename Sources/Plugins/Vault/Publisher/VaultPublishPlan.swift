import GatewayPluginAPI
import JOSE

/// A validated `publish` block: the mount that holds the endpoint's keys.
struct VaultPublishPlan: Sendable {
    /// How the gateway proves itself.
    enum Proof: Sendable, Equatable {
        /// A login with the gateway's own token, in this role of the same mount.
        case role(String)
        /// The path of a file with a token.
        case file(String)
    }

    let endpoint: String
    let issuer: String
    let algorithm: SignatureAlgorithm
    let address: String
    let mount: String
    let namespace: String?
    let authorityFile: String?
    let proof: Proof

    static let defaultRole = "sts-gateway-publisher"

    /// Differs for any two mounts.
    var location: String { "\(address)/v1/" + (namespace.map { "\($0)/" } ?? "") + "auth/\(mount)" }

    init(_ settings: VaultProvider.PublisherSettings, endpoint: Endpoint) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        func check(_ key: String, _ text: String?, _ expected: String, _ isValid: (String) -> Bool) {
            guard let text, !isValid(text) else { return }
            errors.append(SettingsError("publish.\(key)", "invalid \(key) \(Quotation.of(text)); \(expected)"))
        }
        let mount = settings.mount ?? endpoint.name
        let role = settings.role ?? Self.defaultRole
        let address = VaultNames.address(settings.address)
        check("address", settings.address, VaultNames.expectedAddress) { VaultNames.address($0) != nil }
        check("mount", mount, VaultNames.expectedMount, VaultNames.isPath)
        check("namespace", settings.namespace, VaultNames.expectedNamespace, VaultNames.isPath)
        check("role", role, VaultNames.expectedRole, VaultNames.isRole)
        if settings.tokenFile != nil, settings.role != nil {
            errors.append(
                SettingsError("publish.tokenFile", "excludes publish.role; set one of them, or neither"))
        }
        try SettingsErrors.check(errors)
        self.endpoint = endpoint.name
        issuer = endpoint.issuer.url
        algorithm = endpoint.algorithm
        self.address = address ?? ""
        self.mount = mount
        namespace = settings.namespace
        authorityFile = settings.caFile
        proof = settings.tokenFile.map { .file($0) } ?? .role(role)
    }

    /// The hand-over. The server honors what it stores when the write returns; replicas follow within seconds.
    var handOver: KeyHandOver {
        let isOwn = if case .role = proof { true } else { false }
        return KeyHandOver(
            confirmation: .readBack,
            propagation: KeyPropagation(
                newKey: 60, oldKey: .after(seconds: 60),
                evidence: "A write of the configuration is in force when it returns; standbys follow within seconds."),
            usesOwnToken: isOwn
        ) { VaultRecipient(self, $0) }
    }
}
