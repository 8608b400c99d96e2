import CloudAPI
import FoundationEssentials
public import GatewayPluginAPI
import JSON

extension GCPProvider {
    public static func diagnosis(
        for request: DiagnosisRequest, context: ProvisioningContext
    ) async -> [RelyingPartyFinding] {
        do throws(SettingsErrors) {
            return await PoolDiagnosis(provisioner: try reader(request, context), request: request).findings()
        } catch {
            return [RelyingPartyFinding("provider", .notChecked, text(error), advice: "correct gateway.yaml")]
        }
    }

    /// Exchanges the token at the Security Token Service, and impersonates the service account.
    public static func session(
        for token: String, as identity: String, request: DiagnosisRequest, context: ProvisioningContext
    ) async throws(ProvisioningError) -> RelyingPartySession? {
        let provisioner: Provisioner
        do throws(SettingsErrors) {
            provisioner = try reader(request, context)
        } catch {
            throw ProvisioningError(.permanent, text(error))
        }
        let exchange = TokenExchange(
            service: provisioner.client.service, services: provisioner.client.services, now: context.now)
        let provider = provisioner.provider
        let outcome = try await provisioner.run { () throws(PublishError) in
            try await exchange.exchange(token, audience: provider.resourceName)
        }
        switch outcome {
        case .rejected(let failure):
            let advice =
                TokenExchange.advice(failure)
                ?? "the provider does not accept the token; compare its issuer, audiences and keys"
            throw ProvisioningError(
                .permanent, failure.error(call: "POST \(exchange.services.tokenURL)").message, advice: advice)
        case .token(let federated):
            let principal = request.workload.map { provider.principal($0.subject) } ?? provider.resourceName
            guard !identity.isEmpty else { return session(principal, federated) }
            do throws(InjectionError) {
                _ = try ServiceAccountAddress(identity)
            } catch {
                throw ProvisioningError(.permanent, error.message)
            }
            do throws(PublishError) {
                return session(
                    identity, try await exchange.impersonate(identity, with: federated.value, principal: principal))
            } catch {
                // The service may quote what it has received.
                throw ProvisioningError(
                    .permanent, error.message.replacing(federated.value, with: "[token removed]"))
            }
        }
    }

    /// The response of a token endpoint (RFC 6749 §5.1), in place of a format of the SDKs.
    private static func session(_ identity: String, _ token: AccessToken) -> RelyingPartySession {
        let json: JSONValue = ["access_token": .string(token.value), "token_type": "Bearer"]
        return RelyingPartySession(identity: identity, expiration: token.expiration, credentials: json.text)
    }

    /// Reads the provider wherever the documents are served. A `publish` block of another plugin says nothing about it.
    private static func reader(
        _ request: DiagnosisRequest, _ context: ProvisioningContext
    ) throws(SettingsErrors) -> Provisioner {
        let endpoint = request.endpoint
        func provisioner(_ publish: JSONValue?, serving: String?) throws(SettingsErrors) -> Provisioner {
            try Provisioner(
                ProvisioningRequest(
                    cluster: endpoint.cluster, name: endpoint.name, host: endpoint.host, path: endpoint.path,
                    audiences: endpoint.audiences, owner: nil, publisherSubject: endpoint.publisherSubject,
                    settings: endpoint.settings, publish: publish, serving: serving, isForRolesOnly: true), context)
        }
        if let publish = endpoint.publish,
            let found = try? provisioner(publish, serving: endpoint.serving)
        {
            return found
        }
        return try provisioner(nil, serving: Provisioner.Serving.external.rawValue)
    }

    private static func text(_ error: SettingsErrors) -> String {
        error.errors.map { "\($0.key): \($0.message)" }.joined(separator: "; ")
    }
}
