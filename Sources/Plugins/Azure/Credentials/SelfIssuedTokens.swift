import CloudAPI
import GatewayPluginAPI

/// `self`: the gateway's own token is the assertion of the app or the managed identity that publishes, by a federated
/// credential for its subject, so that no static key exists.
struct SelfIssuedTokens: AccessTokenSource {
    let client: String
    let endpointName: String
    let endpoint: EntraTokenEndpoint
    let resource: String
    let ownToken: @Sendable () async throws(PublishError) -> String
    let isOwnKeyPublic: @Sendable () async -> Bool?

    var name: String { CredentialSource.selfIssued.rawValue }

    func token() async throws(PublishError) -> AccessToken? {
        let assertion = try await ownToken()
        do throws(PublishError) {
            return try await endpoint.token(client: client, .assertion(assertion), resource: resource)
        } catch {
            // Entra cannot verify the token before the first publication, so the first publication cannot use it.
            guard error.kind == .denied, await isOwnKeyPublic() == false else { throw error }
            throw PublishError(
                .denied,
                "\(error.message); the issuer URL does not serve the gateway's key yet, so Entra cannot verify its token; run "
                    + "sts-gateway provision azure --endpoint \(endpointName) --only documents --config FILE with an "
                    + "administrator's credentials", reference: error.reference)
        }
    }
}
