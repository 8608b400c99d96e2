import CloudAPI
import GatewayPluginAPI

/// A client secret in `AZURE_CLIENT_SECRET`, with `AZURE_CLIENT_ID` (azure-identity, `EnvironmentCredential`).
struct EnvironmentTokens: AccessTokenSource {
    let environment: @Sendable (String) -> String?
    let endpoint: EntraTokenEndpoint
    let resource: String

    var name: String { CredentialSource.environment.rawValue }

    func token() async throws(PublishError) -> AccessToken? {
        guard let secret = environment("AZURE_CLIENT_SECRET"), !secret.isEmpty else { return nil }
        guard let client = environment("AZURE_CLIENT_ID"), !client.isEmpty else {
            throw PublishError(.denied, "AZURE_CLIENT_SECRET is set without AZURE_CLIENT_ID; set it too")
        }
        return try await endpoint.token(client: client, .secret(secret), resource: resource)
    }
}

/// A token of another issuer in the file `AZURE_FEDERATED_TOKEN_FILE`, with `AZURE_CLIENT_ID` (azure-identity,
/// `WorkloadIdentityCredential`). The file is read for each token.
struct WorkloadIdentityTokens: AccessTokenSource {
    let environment: @Sendable (String) -> String?
    let files: any PublisherFiles
    let endpoint: EntraTokenEndpoint
    let resource: String

    var name: String { CredentialSource.workloadIdentity.rawValue }

    func token() async throws(PublishError) -> AccessToken? {
        guard let path = environment("AZURE_FEDERATED_TOKEN_FILE"), !path.isEmpty,
            let client = environment("AZURE_CLIENT_ID"), !client.isEmpty
        else { return nil }
        guard let bytes = try files.read(path), let text = String(validating: bytes, as: UTF8.self) else {
            throw PublishError(
                .denied, "AZURE_FEDERATED_TOKEN_FILE: missing or unreadable file \(Quotation.of(path))")
        }
        let assertion = text.filter { !$0.isWhitespace }
        return try await endpoint.token(client: client, .assertion(assertion), resource: resource)
    }
}
