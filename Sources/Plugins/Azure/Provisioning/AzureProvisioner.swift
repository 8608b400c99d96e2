import CloudAPI
import FoundationEssentials
import GatewayPluginAPI
import JSON

/// What the steps of one endpoint share: names, the URLs of the cloud, and clients with an administrator's credentials.
struct AzureProvisioner: Sendable {
    let request: ProvisioningRequest
    let tenant: UUIDText
    let services: AzureServices
    let issuerURL: String
    /// nil in a plan where the key ring does not exist yet: then nothing of this endpoint exists either.
    let names: CredentialNames?
    /// Where the documents are served; nil where provisioning does not care for that.
    let storage: DocumentStorage?
    /// The identities of `provision.roles`, and the subjects that they trust.
    let holders: [(role: ProvisioningRole, holder: CredentialHolder)]
    let management: AzureClient
    let graph: AzureClient

    /// - Throws: all settings that are missing or not valid.
    init(_ request: ProvisioningRequest, _ context: ProvisioningContext) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        let settings: AzureProvider.Settings
        do {
            settings = try (request.settings ?? .object([])).decode(AzureProvider.Settings.self)
        } catch {
            throw SettingsErrors([
                SettingsError("settings.tenant", "missing required key; expected the tenant's id, a UUID")
            ])
        }
        let tenant = UUIDText(settings.tenant)
        if tenant == nil { errors.append(SettingsError("settings.tenant", "invalid tenant; expected a UUID")) }
        let services = settings.services(errors: &errors)
        let names = request.owner.map { CredentialNames(cluster: request.cluster, endpoint: request.name, owner: $0) }
        if request.audiences.count != 1 {
            errors.append(SettingsError("audience", "a federated credential has one audience; expected one"))
        }
        let given = settings.subscription ?? context.environment("AZURE_SUBSCRIPTION_ID")
        let subscription = given.flatMap { $0.isEmpty ? nil : $0 }
        let parts = Self.check(request, subscription: subscription, errors: &errors)
        let place = StoragePlace(
            request, group: settings.resourceGroup, subscription: subscription, names, services.cloud, errors: &errors)
        let host = request.host ?? place?.host
        // A host with a placeholder is not valid.
        let isHostValid = host.map { Issuer(host: $0, path: request.path) != nil } ?? false
        if !isHostValid, request.serving == nil || (place != nil && names != nil) {
            errors.append(
                SettingsError(
                    "issuer.host",
                    "missing required key; Entra reads the issuer's documents, so they must be public: set the host that "
                        + "serves them, or provision.serving: container"))
        }
        guard let tenant, let host, errors.isEmpty else { throw SettingsErrors(errors) }
        self.request = request
        self.tenant = tenant
        self.services = services
        issuerURL = "https://\(host)\(request.path)"
        self.names = names
        let service = JSONService(transport: context.transport, referenceField: "x-ms-request-id")
        func client(_ base: String, _ resource: String, _ permission: String) -> AzureClient {
            let endpoint = EntraTokenEndpoint(
                authority: services.authority, tenant: tenant.rawValue, service: service, now: context.now)
            let source = AdministratorTokens(
                resource: resource, endpoint: endpoint, environment: context.environment, files: context.files,
                programs: context.administration.programs)
            return AzureClient(
                base: base, service: service,
                tokens: AccessTokenCache(sources: [source], now: context.now, logger: context.logger),
                permission: permission)
        }
        let management = client(
            services.management, services.cloud.management,
            "the role Managed Identity Contributor of the resource group allows it")
        let graph = client(
            services.graph, services.cloud.graph,
            "an owner of the app registration, or the permission Application.ReadWrite.OwnedBy, may do it")
        self.management = management
        self.graph = graph
        storage = place.map { place in
            DocumentStorage(
                place: place, tenant: tenant,
                client: client(
                    services.management, services.cloud.management,
                    "the roles Contributor and Role Based Access Control Administrator of the resource group allow it"),
                blobs: BlobClient(
                    transport: context.transport, authorities: { nil },
                    tokens: client(services.management, Cloud.storage, "").tokens, now: context.now),
                issuer: context.issuer, publish: request.publish)
        }
        holders = parts.map { role, name in
            switch name {
            case .application(let id): (role, .application(id, graph))
            case .managed(let group, let name):
                (
                    role,
                    .managed(group, name, subscription: role.account ?? subscription ?? "", management)
                )
            }
        }
    }

    private static func check(
        _ request: ProvisioningRequest, subscription: String?, errors: inout [SettingsError]
    ) -> [(ProvisioningRole, IdentityName)] {
        var found: [(ProvisioningRole, IdentityName)] = []
        for role in request.roles {
            let key = "provision.roles.\(role.name)"
            func reject(_ name: String?, _ message: String) {
                errors.append(SettingsError(name.map { "\(key).\($0)" } ?? key, message))
            }
            if !role.policies.isEmpty {
                reject("policies", "not supported; assign Azure roles to the identity: az role assignment create")
            }
            if role.allowsSessionTags { reject("sessionTags", "not supported; remove the key") }
            if role.maximumSession != nil { reject("maxSession", "not supported; remove the key") }
            guard let name = IdentityName(role.name) else {
                reject(nil, "invalid name \(Quotation.of(role.name)); \(IdentityName.expected)")
                continue
            }
            if case .managed = name {
                let text = role.account ?? subscription
                if text == nil {
                    reject(
                        "account",
                        "missing; set the id of the subscription, or settings.subscription, or AZURE_SUBSCRIPTION_ID")
                } else if let text, UUIDText(text) == nil {
                    reject("account", "invalid subscription \(Quotation.of(text)); expected its id, a UUID")
                }
            } else if role.account != nil {
                reject("account", "not supported for an app registration; remove the key")
            }
            if let long = role.subjects.first(where: { $0.utf8.count > 600 }) {
                reject("serviceAccounts", "the subject \(Quotation.of(long)) is longer than 600 bytes")
            }
            found.append((role, name))
        }
        return found
    }

    /// The credential of a subject. Its name refers to the key ring where that does not exist yet.
    func credential(of subject: String) -> FederatedCredential {
        FederatedCredential(
            name: names?.credential(of: subject) ?? "${role.credential}", issuer: issuerURL, subject: subject,
            audiences: request.audiences)
    }

    /// Runs calls, and maps their error.
    func run<Value: Sendable>(
        _ call: () async throws(PublishError) -> Value
    ) async throws(ProvisioningError) -> Value {
        do {
            return try await call()
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// The tenant and the subscriptions of the credentials.
    ///
    /// - Throws: where a subscription belongs to another tenant: federated credentials work only within their own.
    func identity() async throws(ProvisioningError) -> String {
        var lines = ["Microsoft Entra tenant \(tenant.rawValue)"]
        var seen: Set<String> = []
        for (role, holder) in holders + (storage?.publisher(self).map { [$0] } ?? []) {
            guard case .managed = holder.name else { continue }
            let subscription = String(holder.path.split(separator: "/")[1])
            guard seen.insert(subscription).inserted else { continue }
            let found = try await run { () throws(PublishError) in
                try await management.find("/subscriptions/\(subscription)?api-version=2022-12-01")
            }
            guard let found else {
                throw ProvisioningError(
                    .permanent,
                    "there is no subscription \(subscription), or the credentials may not see it; correct the account of the "
                        + "role \(Quotation.of(role.name))")
            }
            if let home = found["tenantId"]?.stringValue, home.lowercased() != tenant.rawValue {
                throw ProvisioningError(
                    .permanent,
                    "the subscription \(subscription) belongs to the tenant \(home), but settings.tenant is "
                        + tenant.rawValue)
            }
            let name = found["displayName"]?.stringValue ?? ""
            lines.append("subscription \(subscription) \(Quotation.of(name))")
        }
        return lines.joined(separator: ", ")
    }
}
