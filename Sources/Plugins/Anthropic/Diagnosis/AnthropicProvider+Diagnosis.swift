import CloudAPI
import FoundationEssentials
public import GatewayPluginAPI
import JOSE
import JSON

extension AnthropicProvider {
    /// Reads the federation issuer that holds the endpoint's keys, with an access token of the person who runs the command.
    public static func diagnosis(
        for request: DiagnosisRequest, context: ProvisioningContext
    ) async -> [RelyingPartyFinding] {
        let check = FederationDiagnosis.check
        guard request.endpoint.publish != nil else {
            return [
                RelyingPartyFinding(
                    check, .notChecked, "needs publish.federationIssuer, which the endpoint does not have",
                    advice: "compare the issuer URL \(request.issuerURL) in the Claude Console")
            ]
        }
        let plan: AnthropicPublishPlan
        do throws(SettingsErrors) {
            plan = try self.plan(request.endpoint)
        } catch {
            let text = error.errors.map { "\($0.key): \($0.message)" }.joined(separator: "; ")
            return [RelyingPartyFinding(check, .notChecked, text, advice: "run sts-gateway config check")]
        }
        guard let token = context.environment("ANTHROPIC_AUTH_TOKEN"), !token.isEmpty else {
            return [
                RelyingPartyFinding(
                    check, .notChecked, "needs ANTHROPIC_AUTH_TOKEN, an access token of scope org:admin",
                    advice: "ant auth login --scope org:admin; an Admin API key is not accepted")
            ]
        }
        return await FederationDiagnosis(plan: plan, request: request, context: context).findings(token: token)
    }

    private static func plan(_ endpoint: ProvisioningRequest) throws(SettingsErrors) -> AnthropicPublishPlan {
        let host = endpoint.host ?? Issuer.privateHost(endpoint: endpoint.name, cluster: endpoint.cluster)
        guard let host, let issuer = Issuer(host: host, path: endpoint.path, jwksPath: endpoint.jwksPath),
            let settings = try? (endpoint.publish ?? .object([])).decode(PublisherSettings.self)
        else { throw SettingsErrors([SettingsError("publish", "invalid value")]) }
        return try AnthropicPublishPlan(
            settings,
            endpoint: Endpoint(
                name: endpoint.name, cluster: endpoint.cluster, issuer: issuer, audiences: endpoint.audiences,
                algorithm: .rs256, rsaKeySize: 2_048, timeToLive: 3_600))
    }
}
