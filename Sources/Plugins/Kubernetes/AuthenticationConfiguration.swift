import GatewayPluginAPI
import JSON

/// The file of `--authentication-config` of an API server, with one issuer
/// (kubernetes.io, "kube-apiserver Configuration (v1)").
struct AuthenticationConfiguration {
    let issuer: Issuer
    let cluster: String
    let audiences: [String]
    let settings: KubernetesProvider.Settings

    /// YAML. A file with other issuers gets the element of `jwt`.
    var text: String {
        var lines = [
            "apiVersion: apiserver.config.k8s.io/v1", "kind: AuthenticationConfiguration", "jwt:", "- issuer:",
            "    url: \(quoted(issuer.url))",
        ]
        if let url = settings.discoveryURL { lines.append("    discoveryURL: \(quoted(url))") }
        lines.append("    audiences: [\(audiences.map(quoted).joined(separator: ", "))]")
        if audiences.count > 1 { lines.append("    audienceMatchPolicy: MatchAny") }
        if let pem = settings.issuerCertificateAuthority {
            lines.append("    certificateAuthority: |")
            lines += pem.split(whereSeparator: \.isNewline).map { "      \($0)" }
        }
        let prefix = quoted(settings.usernamePrefix ?? KubernetesProvider.Settings.defaultPrefix)
        lines += [
            "  claimValidationRules:", "  - {claim: cluster, requiredValue: \(quoted(cluster))}",
            "  claimMappings:", "    username: {claim: sub, prefix: \(prefix)}",
        ]
        if let claim = settings.groupsClaim { lines.append("    groups: {claim: \(quoted(claim)), prefix: \(prefix)}") }
        lines += [
            "  userValidationRules:", #"  - expression: "!user.username.startsWith('system:')""#,
            "    message: user names of the system are reserved",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// A JSON string, which is a YAML scalar too.
    private func quoted(_ text: String) -> String { JSONValue.string(text).text }
}
