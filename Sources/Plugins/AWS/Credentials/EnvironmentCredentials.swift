import GatewayPluginAPI

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` (AWS SDKs and Tools Reference Guide).
struct EnvironmentCredentials: CredentialProviding {
    let environment: @Sendable (String) -> String?

    func credentials() async throws(PublishError) -> AccessKey? {
        guard let id = environment("AWS_ACCESS_KEY_ID"), !id.isEmpty else { return nil }
        guard let secret = environment("AWS_SECRET_ACCESS_KEY"), !secret.isEmpty else {
            throw PublishError(.misconfigured, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not; set both")
        }
        let token = environment("AWS_SESSION_TOKEN").flatMap { $0.isEmpty ? nil : $0 }
        return AccessKey(id: id, secret: secret, sessionToken: token)
    }
}
