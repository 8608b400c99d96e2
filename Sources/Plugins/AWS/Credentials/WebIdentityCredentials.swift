import GatewayPluginAPI

/// A token in a file and a role (`AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN`), as the Amazon EKS Pod Identity Webhook sets them.
struct WebIdentityCredentials: CredentialProviding {
    let environment: @Sendable (String) -> String?
    let files: any PublisherFiles
    let sts: STSClient
    let sessionName: String

    func credentials() async throws(PublishError) -> AccessKey? {
        guard let path = environment("AWS_WEB_IDENTITY_TOKEN_FILE"), !path.isEmpty else { return nil }
        guard let arn = environment("AWS_ROLE_ARN"), !arn.isEmpty else {
            throw PublishError(.misconfigured, "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not; set both")
        }
        let role: RoleARN
        do {
            role = try RoleARN(arn)
        } catch {
            throw PublishError(.misconfigured, "AWS_ROLE_ARN: \(error)")
        }
        guard let content = try files.read(path) else {
            throw PublishError(.misconfigured, "AWS_WEB_IDENTITY_TOKEN_FILE: missing file \(Quotation.of(path))")
        }
        guard let token = String(validating: content, as: UTF8.self)?.filter({ !$0.isWhitespace }) else {
            throw PublishError(.misconfigured, "AWS_WEB_IDENTITY_TOKEN_FILE: \(Quotation.of(path)) is not UTF-8")
        }
        switch try await sts.assume(role, sessionName: givenName ?? sessionName, token: token, seconds: 3_600) {
        case .session(let key): return key
        case .rejected(let error):
            throw error.assumeRoleError(STSClient.call(role))
        }
    }

    /// `AWS_ROLE_SESSION_NAME`, which a trust policy may require; nil where STS would not accept it.
    private var givenName: String? {
        environment("AWS_ROLE_SESSION_NAME").flatMap { name in
            (2...64).contains(name.utf8.count) && name.utf8.allSatisfy(RoleSessionName.allows) ? name : nil
        }
    }
}
