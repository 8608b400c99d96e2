import GatewayPluginAPI

/// `self`: the gateway's own token of the endpoint for the publisher role, so that no static key exists.
struct OwnCredentials: CredentialProviding {
    let role: RoleARN
    let endpoint: String
    let sessionName: String
    let tokens: SecurityTokenClient
    let ownToken: @Sendable () async throws(PublishError) -> String
    let isOwnKeyPublic: @Sendable () async -> Bool?

    func credentials() async throws(PublishError) -> AccessKey? {
        let token = try await ownToken()
        let answer = try await tokens.assume(role, sessionName: sessionName, token: token)
        guard case .refused(let error) = answer else {
            if case .session(let key) = answer { return key }
            return nil
        }
        let call = SecurityTokenClient.call(role)
        guard (400..<500).contains(error.status), error.status != 429, error.code != "Throttling" else {
            throw error.publishError(call, permission: "sts:AssumeRoleWithWebIdentity")
        }
        // Before the first publication nobody can verify the token, so nobody can publish with it.
        if await isOwnKeyPublic() == false {
            throw PublishError(
                .denied,
                "\(call): \(error.told); the issuer URL does not serve the gateway's key yet, so its own token proves "
                    + "nothing: run sts-gateway provision aws --endpoint \(endpoint) --only documents with an "
                    + "administrator's credentials")
        }
        switch error.code {
        case "AccessDenied":
            throw PublishError(
                .denied,
                "\(call): \(error.told); the role's trust policy must name the issuer's OIDC provider, its :aud, and "
                    + "the :sub of the publisher (docs/plugins/aws.md)")
        case "InvalidIdentityToken", "IDPCommunicationError", "IDPRejectedClaim":
            throw PublishError(
                .denied,
                "\(call): \(error.told); AWS must know the issuer as an OIDC provider of this account with the "
                    + "endpoint's audience, and reach its two documents (docs/plugins/aws.md)")
        default: throw error.publishError(call, permission: "sts:AssumeRoleWithWebIdentity")
        }
    }
}
