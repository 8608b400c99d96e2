import CloudAPI
import FoundationEssentials
public import GatewayPluginAPI
import JSON

extension AzureProvider {
    public static func diagnosis(
        for request: DiagnosisRequest, context: ProvisioningContext
    ) async -> [RelyingPartyFinding] {
        do throws(SettingsErrors) {
            let provisioner = try reader(request, context)
            return await CredentialDiagnosis(
                provisioner: provisioner, request: request, client: client(request),
                tenant: try tenant(request, provisioner)
            ).findings()
        } catch {
            return [
                RelyingPartyFinding("federated credential", .notChecked, text(error), advice: "correct gateway.yaml")
            ]
        }
    }

    /// Requests a token for Azure Resource Manager, with the gateway's token as the assertion.
    public static func session(
        for token: String, as identity: String, request: DiagnosisRequest, context: ProvisioningContext
    ) async throws(ProvisioningError) -> RelyingPartySession? {
        let provisioner: AzureProvisioner
        let name: String?
        let tenant: UUIDText
        do throws(SettingsErrors) {
            provisioner = try reader(request, context)
            name = identity.isEmpty ? client(request) : identity
            tenant = try self.tenant(request, provisioner)
        } catch {
            throw ProvisioningError(.permanent, text(error))
        }
        guard let client = name.flatMap(UUIDText.init) else {
            throw ProvisioningError(
                .permanent, "the annotation is no client id; use the application (client) id, a UUID")
        }
        let endpoint = EntraTokenEndpoint(
            authority: provisioner.services.authority, tenant: tenant.rawValue, service: provisioner.management.service,
            now: context.now)
        let outcome = try await provisioner.run { () throws(PublishError) in
            try await endpoint.outcome(
                client: client.rawValue, .assertion(token), resource: provisioner.services.cloud.management)
        }
        switch outcome {
        case .rejected(let error, let call, _):
            throw ProvisioningError(
                .permanent, error.summary(call),
                advice: error.advice ?? "compare issuer, subject and audience of the federated credential")
        case .token(let access):
            let json: JSONValue = ["access_token": .string(access.value), "token_type": "Bearer"]
            return RelyingPartySession(
                identity: "the client \(client.rawValue) of the tenant \(tenant.rawValue)",
                expiration: access.expiration, credentials: json.text)
        }
    }

    /// The client of the workload, or that of the settings; nil for none.
    private static func client(_ request: DiagnosisRequest) -> String? {
        if let annotation = request.workload?.annotation, !annotation.isEmpty { return annotation }
        return request.endpoint.settings?["client"]?.stringValue
    }

    private static func tenant(
        _ request: DiagnosisRequest, _ provisioner: AzureProvisioner
    ) throws(SettingsErrors) -> UUIDText {
        guard let text = request.workload?.options["tenant"] else { return provisioner.tenant }
        guard let tenant = UUIDText(text) else {
            throw SettingsErrors([
                SettingsError("azure-client-tenant", "invalid tenant \(Quotation.of(text)); expected a UUID")
            ])
        }
        return tenant
    }

    /// Without the roles of the configuration: the workload's own client is read.
    private static func reader(
        _ request: DiagnosisRequest, _ context: ProvisioningContext
    ) throws(SettingsErrors) -> AzureProvisioner {
        let endpoint = request.endpoint
        return try AzureProvisioner(
            ProvisioningRequest(
                cluster: endpoint.cluster, name: endpoint.name, host: endpoint.host, path: endpoint.path,
                audiences: endpoint.audiences, owner: nil, publisherSubject: endpoint.publisherSubject,
                settings: endpoint.settings, publish: nil, isForRolesOnly: true), context)
    }

    private static func text(_ error: SettingsErrors) -> String {
        error.errors.map { "\($0.key): \($0.message)" }.joined(separator: "; ")
    }
}
