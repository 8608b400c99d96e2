public import GatewayPluginAPI
import JSON

extension KubernetesProvider {
    /// Nothing is changed: the configuration is a file on the other cluster's control plane, which an administrator writes.
    public static func provisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan? {
        let host = request.host ?? Issuer.privateHost(endpoint: request.name, cluster: request.cluster)
        guard let host, let issuer = Issuer(host: host, path: request.path, jwksPath: request.jwksPath)
        else {
            throw SettingsErrors([
                SettingsError("issuer.host", "missing required key; expected the host of the issuer URL")
            ])
        }
        let settings: Settings
        do {
            settings = try (request.settings ?? .object([])).decode(Settings.self)
        } catch {
            throw SettingsErrors([
                SettingsError(
                    "settings.server", "missing required key; expected a URL such as https://api.example.com:6443")
            ])
        }
        try SettingsErrors.check(settings.errors(issuer: issuer))
        let configuration = AuthenticationConfiguration(
            issuer: issuer, cluster: request.cluster, audiences: request.audiences, settings: settings)
        let step = AuthenticationStep(
            server: settings.server, configuration: configuration.text, endpoint: request.name)
        return ProvisioningPlan(
            identity: { () throws(ProvisioningError) in "no credentials: nothing is changed at \(settings.server)" },
            steps: [step],
            summary: {
                [
                    "issuer            \(issuer.url)",
                    "user names        \(settings.usernamePrefix ?? Settings.defaultPrefix)"
                        + request.subjectTemplate,
                ]
            }, configuration: { configuration.text })
    }
}

/// Prints the configuration.
private struct AuthenticationStep: ProvisioningStep {
    let id = "authentication"
    let title = "structured authentication configuration of the other API server"
    let server: String
    let configuration: String
    let endpoint: String

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        ProvisioningFinding(
            existing: "unknown: \(server) does not show it",
            notes: [
                "write this to the file of --authentication-config, or add the element of jwt there; the API server reads "
                    + "the file again when it changes. --output configuration prints it alone"
            ] + configuration.split(separator: "\n").map(String.init))
    }
}
