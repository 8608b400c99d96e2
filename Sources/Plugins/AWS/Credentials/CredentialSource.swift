import GatewayPluginAPI

/// A source of credentials. Only the sources that `publish.credentials` names are tried.
enum CredentialSource: String, Sendable, CaseIterable {
    /// A self-issued web identity: the gateway issues itself a token of the endpoint and assumes the publisher role.
    case selfIssued = "self"
    /// `AWS_ACCESS_KEY_ID` and its companions.
    case environment
    /// A profile of the shared credentials and config files.
    case profile
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`.
    case webIdentity
    /// The container's credentials endpoint, as in ECS and EKS Pod Identity.
    case container
    /// The instance metadata service, version 2 (IMDSv2).
    case imds
}

/// Loads credentials from one source.
protocol CredentialProviding: Sendable {
    /// - Returns: nil where the source is not set up; then the next one is tried.
    /// - Throws: where the source is set up and fails.
    func credentials() async throws(PublishError) -> AccessKey?
}
