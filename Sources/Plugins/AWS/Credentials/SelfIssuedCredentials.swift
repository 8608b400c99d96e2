import GatewayPluginAPI

/// `self`: the gateway issues itself a token of the endpoint (a self-issued web identity) and assumes the publisher role
/// with it, so that no static key exists.
struct SelfIssuedCredentials: CredentialProviding {
    let role: RoleARN
    let endpoint: String
    let sessionName: String
    let sts: STSClient
    let ownToken: @Sendable () async throws(PublishError) -> String
    let isOwnKeyPublic: @Sendable () async -> Bool?

    /// Seconds, the shortest lifetime that STS allows: a session outlives the revocation of the key that it was requested
    /// with.
    static let sessionLifetime = 900

    func credentials() async throws(PublishError) -> AccessKey? {
        let token = try await ownToken()
        let outcome = try await sts.assume(role, sessionName: sessionName, token: token, seconds: Self.sessionLifetime)
        guard case .rejected(let error) = outcome else {
            if case .session(let key) = outcome { return key }
            return nil
        }
        let call = STSClient.call(role)
        let rejection = error.assumeRoleError(call)
        // AWS cannot verify the token before the first publication, so the first publication cannot use it.
        if [.denied, .malformed].contains(rejection.kind), !error.isForeign, await isOwnKeyPublic() == false {
            throw PublishError(
                .denied,
                "\(call): \(error.summary); the issuer URL does not serve the gateway's key yet, so AWS cannot verify "
                    + "its token; run sts-gateway provision aws --endpoint \(endpoint) --only documents --config FILE with an "
                    + "administrator's credentials", reference: error.requestID)
        }
        throw rejection
    }
}
