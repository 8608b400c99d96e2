public import GatewayPluginAPI
import JOSE

/// HashiCorp Vault and OpenBao: roles of a JWT auth mount that trusts this gateway's keys.
public struct VaultProvider: ProviderPlugin {
    public static let id: PluginID = PluginID("vault")

    /// The algorithms are those that the gateway has of the default for JWT roles (vault-plugin-auth-jwt,
    /// `path_config.go`). No client reads the token's path from a variable, so its name and that of the role are our own;
    /// the others are those of the clients.
    public static let defaults = EndpointDefaults(
        injector: .init(
            label: "vault-role", tokenVariable: "VAULT_JWT_FILE", valueVariable: "VAULT_ROLE",
            exclusiveVariables: ["VAULT_ADDR", "VAULT_NAMESPACE", "VAULT_JWT_MOUNT"]),
        algorithms: [.rs256, .rs384, .rs512, .es256, .es384, .es512],
        propagation: KeyPropagation(
            newKey: 600,
            oldKey: .until("a token with an unknown kid arrives, the configuration is written, or the server restarts"),
            evidence: "Vault fetches the key set for a kid that it has not cached (go-oidc, jwks.go)."))

    /// The endpoint's `settings` block.
    public struct Settings: Decodable, Sendable {
        /// The value of `VAULT_ADDR` in Pods; nil leaves the variable as it is.
        public let address: String?
        /// The path of the auth mount, without `auth/`; nil for the endpoint's name.
        public let mount: String?
        /// The value of `VAULT_NAMESPACE` in Pods.
        public let namespace: String?
    }

    let address: String?
    let mount: String
    let namespace: String?

    public init(endpoint: Endpoint, settings: Settings, context: PluginContext) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        address = settings.address.flatMap(VaultNames.address)
        if let text = settings.address, address == nil {
            errors.append(
                SettingsError(
                    "settings.address", "invalid address \(Quotation.of(text)); \(VaultNames.expectedAddress)"))
        }
        mount = settings.mount ?? endpoint.name
        if !VaultNames.isPath(mount) {
            errors.append(
                SettingsError("settings.mount", "invalid mount \(Quotation.of(mount)); \(VaultNames.expectedMount)"))
        }
        namespace = settings.namespace
        if let namespace, !VaultNames.isPath(namespace) {
            errors.append(
                SettingsError(
                    "settings.namespace",
                    "invalid namespace \(Quotation.of(namespace)); \(VaultNames.expectedNamespace)"))
        }
        try SettingsErrors.check(errors)
    }

    /// The annotation is the name of a role of the mount. Adds `VAULT_ADDR` and `VAULT_NAMESPACE` where they are
    /// configured, and a configuration of the agent.
    public func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        let role = try request.requiredAnnotation()
        guard VaultNames.isRole(role) else {
            throw InjectionError("invalid role \(Quotation.of(role)); \(VaultNames.expectedRole)")
        }
        var environment = [PodInjection.EnvironmentVariable("VAULT_JWT_MOUNT", mount)]
        var files: [PodInjection.File] = []
        if let address {
            environment.append(.init("VAULT_ADDR", address, unlessSet: ["BAO_ADDR"]))
            files.append(
                .init(name: "agent.hcl", contents: agentConfiguration(address, role, tokenFile: request.tokenFile)))
        }
        if let namespace { environment.append(.init("VAULT_NAMESPACE", namespace, unlessSet: ["BAO_NAMESPACE"])) }
        return PodInjection(
            value: role, environment: environment, files: files,
            expectedVariables: [
                .init(
                    anyOf: ["VAULT_ADDR", "BAO_ADDR"],
                    advice: "without an address the clients use https://127.0.0.1:8200; set one in the Pod, or let the "
                        + "gateway's operator set settings.address of the endpoint")
            ],
            conflictingVariables: [
                .init(
                    anyOf: ["VAULT_TOKEN", "BAO_TOKEN"],
                    advice: "the clients use this token instead of a login; remove it")
            ])
    }

    /// The files as rules.
    var agentFiles: [InjectionRules.File] {
        guard let address else { return [] }
        // No part of the configuration has these characters.
        let text = agentConfiguration(address, "{role}", tokenFile: "{file}")
        let parts = text.split(separator: "{role}", omittingEmptySubsequences: false).enumerated()
            .flatMap { index, part -> [InjectionRules.Text] in
                let pieces = part.split(separator: "{file}", omittingEmptySubsequences: false).enumerated()
                    .flatMap { index, piece -> [InjectionRules.Text] in
                        (index > 0 ? [.tokenFile] : []) + [.literal(String(piece))]
                    }
                return (index > 0 ? [.annotation] : []) + pieces
            }
        return [.init(name: "agent.hcl", contents: .joined(parts))]
    }

    /// The configuration of `vault agent` or `bao agent` that logs in with the token file. The agent must not remove the
    /// file, which it does by default. Each new token makes it log in again.
    private func agentConfiguration(_ address: String, _ role: String, tokenFile: String) -> String {
        var lines = ["vault {", "  address = \"\(address)\"", "}", "", "auto_auth {", "  method \"jwt\" {"]
        lines.append("    mount_path = \"auth/\(mount)\"")
        if let namespace { lines.append("    namespace  = \"\(namespace)\"") }
        lines += [
            "    config = {", "      path                    = \"\(tokenFile)\"",
            "      role                    = \"\(role)\"", "      remove_jwt_after_reading = false", "    }", "  }",
            "}",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}
