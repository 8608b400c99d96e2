import CloudAPI
import FoundationEssentials
import GatewayPluginAPI
import JSON

/// The managed identity of the machine: App Service and its like by `IDENTITY_ENDPOINT`, else the instance metadata service
/// (azure-identity, `AppServiceCredential` and `ImdsCredential`).
struct ManagedIdentityTokens: AccessTokenSource {
    let environment: @Sendable (String) -> String?
    let service: JSONService
    let now: @Sendable () -> Date
    let resource: String
    /// The client id of a user-assigned identity; nil for the machine's only one.
    let client: String?

    var name: String { CredentialSource.managedIdentity.rawValue }

    /// Seconds.
    static let timeout = 2

    func token() async throws(PublishError) -> AccessToken? {
        var query = "resource=\(FormEncoding.encode(resource))"
        if let client { query += "&client_id=\(FormEncoding.encode(client))" }
        var call: JSONService.Call
        if let endpoint = environment("IDENTITY_ENDPOINT"), let secret = environment("IDENTITY_HEADER"),
            !endpoint.isEmpty, !secret.isEmpty
        {
            call = JSONService.Call(
                "GET", "\(endpoint)?api-version=2019-08-01&\(query)",
                headers: [HTTPHeaderField("X-IDENTITY-HEADER", secret)], call: "the managed identity endpoint")
        } else {
            call = JSONService.Call(
                "GET", "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&\(query)",
                headers: [HTTPHeaderField("Metadata", "true")], call: "the instance metadata service")
        }
        call.usesProxy = false
        call.timeout = Self.timeout
        let answer = try await service.send(call, expected: [400, 403, 404, 410])
        // 400: no identity is assigned. 410: the service is not ready.
        guard answer.status == 200 else {
            if answer.status == 410 { throw PublishError(.unavailable, "\(call.call): status 410") }
            return nil
        }
        guard let token = answer.json["access_token"]?.stringValue, !token.isEmpty else {
            throw PublishError(.malformed, "\(call.call): the response has no access_token")
        }
        return AccessToken(token, expiration: EntraTokenEndpoint.expiration(answer.json, at: now()))
    }
}
