import CloudAPI
import FoundationEssentials
import GatewayPluginAPI
import JSON

/// A word of `publish.credentials`.
enum CredentialSource: String, CaseIterable, Sendable {
    /// The gateway's own token, exchanged at the workload identity pool.
    case selfIssued = "self"
    /// A credential configuration of the type `external_account`.
    case externalAccount
    /// The metadata server of Compute Engine and of GKE.
    case metadata
}

/// `self`: the gateway issues itself a token of the endpoint, and exchanges it, so that no static key exists.
struct SelfIssuedCredentials: AccessTokenSource {
    let name = CredentialSource.selfIssued.rawValue
    let provider: PoolProvider
    /// The service account to impersonate; nil for direct access.
    let serviceAccount: String?
    let exchange: TokenExchange
    let ownToken: @Sendable () async throws(PublishError) -> String
    let isOwnKeyPublic: @Sendable () async -> Bool?
    /// The command for an administrator.
    let command: String

    func token() async throws(PublishError) -> AccessToken? {
        let outcome = try await exchange.exchange(try await ownToken(), audience: provider.resourceName)
        switch outcome {
        case .token(let token):
            guard let serviceAccount else { return token }
            return try await exchange.impersonate(serviceAccount, with: token.value)
        case .rejected(let failure): throw await error(failure)
        }
    }

    private func error(_ failure: ServiceFailure) async -> PublishError {
        let advice: String
        if let known = TokenExchange.advice(failure) {
            advice = known
        } else if await isOwnKeyPublic() == false {
            advice =
                "the issuer URL does not serve the gateway's key yet, so Google cannot verify its token; run "
                + "\(command) --config FILE with an administrator's credentials"
        } else {
            advice =
                "the provider does not accept the gateway's own token; run \(command) --config FILE with an "
                + "administrator's credentials"
        }
        return PublishError(
            .denied, failure.error(call: "POST \(exchange.services.tokenURL)", advice: advice).message)
    }
}

/// `metadata`: the service account of the machine or, with Workload Identity Federation for GKE, of the Pod.
struct MetadataCredentials: AccessTokenSource {
    let name = CredentialSource.metadata.rawValue
    let transport: any HTTPTransport
    let environment: @Sendable (String) -> String?
    let now: @Sendable () -> Date

    func token() async throws(PublishError) -> AccessToken? {
        let host = environment("GCE_METADATA_HOST").flatMap { $0.isEmpty ? nil : $0 } ?? "metadata.google.internal"
        let flavor = HTTPHeaderField("Metadata-Flavor", "Google")
        var call = JSONService.Call(
            "GET", "http://\(host)/computeMetadata/v1/instance/service-accounts/default/token", headers: [flavor])
        (call.usesProxy, call.timeout) = (false, 2)
        let answer = try await JSONService(transport: transport).send(call, expected: [404])
        // Another server in its place would answer without it.
        guard answer.response.header(flavor.name) == flavor.value else {
            throw PublishError(.denied, "\(call.call): not the metadata server; use other credentials")
        }
        guard answer.status != 404 else {
            throw PublishError(.denied, "\(call.call): the machine has no service account; attach one")
        }
        guard let value = answer.json["access_token"]?.stringValue, !value.isEmpty,
            let lifetime = answer.json["expires_in"]?.integerValue
        else { throw PublishError(.malformed, "\(call.call): the response has no access_token") }
        return AccessToken(value, expiration: now().addingTimeInterval(Double(max(0, min(lifetime, 86_400)))))
    }
}
