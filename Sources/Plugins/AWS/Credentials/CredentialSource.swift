import GatewayPluginAPI

/// Where credentials are looked for. Nothing is tried that the endpoint's list does not name.
enum CredentialSource: String, Sendable, CaseIterable {
    /// The gateway issues itself a token of the endpoint, and assumes the publisher role.
    case own = "self"
    /// `AWS_ACCESS_KEY_ID` and its companions.
    case environment
    /// A profile of the shared credentials and config files.
    case profile
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`.
    case webIdentity
    /// The container's credentials endpoint, as in ECS and EKS Pod Identity.
    case container
    /// The instance's metadata service, version 2.
    case imds
}

/// One way to credentials.
protocol CredentialProviding: Sendable {
    /// - Returns: nil where this way is not set up, so that the next of the list is tried.
    /// - Throws: where it is set up and fails.
    func credentials() async throws(PublishError) -> AccessKey?
}
