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
        let refusal = error.assumeRoleError(call)
        // Before the first publication nobody can verify the token, so nobody can publish with it.
        if [.denied, .malformed].contains(refusal.kind), !error.isForeign, await isOwnKeyPublic() == false {
            throw PublishError(
                .denied,
                "\(call): \(error.told); the issuer URL does not serve the gateway's key yet, so its own token proves "
                    + "nothing: run sts-gateway provision aws --endpoint \(endpoint) --only documents --config FILE with an "
                    + "administrator's credentials", reference: error.requestID)
        }
        throw refusal
    }
}
