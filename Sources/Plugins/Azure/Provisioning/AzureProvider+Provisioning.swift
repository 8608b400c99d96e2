public import GatewayPluginAPI

extension AzureProvider {
    public static func provisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan? {
        let provisioner = try AzureProvisioner(request, context)
        guard !provisioner.holders.isEmpty || provisioner.storage != nil else {
            throw SettingsErrors([
                SettingsError(
                    "provision.roles",
                    "missing; name an identity and its ServiceAccounts, such as workloads/web: {serviceAccounts: "
                        + "[myns/web]}, or set provision.serving: container")
            ])
        }
        return ProvisioningPlan(
            identity: { () throws(ProvisioningError) in try await provisioner.identity() },
            steps: provisioner.steps, summary: { provisioner.summary },
            template: { (format) async throws(ProvisioningError) in
                guard format == .terraform else {
                    throw ProvisioningError(.permanent, "\(format.rawValue) has no resources of Azure; use terraform")
                }
                return try await AzureTerraform(provisioner).text
            },
            check: { () throws(ProvisioningError) in
                var checks: [ProvisioningCheck] = []
                for step in provisioner.credentialSteps { checks.append(try await step.check()) }
                return checks
            })
    }
}

extension AzureProvisioner {
    var credentialSteps: [FederatedCredentialsStep] {
        holders.map { FederatedCredentialsStep(provisioner: self, role: $0.role, holder: $0.holder) }
    }

    var steps: [any ProvisioningStep] {
        let storage = request.isForRolesOnly ? nil : storage
        return (storage?.steps(self) ?? []) + holders.flatMap { steps(for: $0.role, $0.holder) }
    }

    /// Creates the identity where it is a managed one, and its federated credentials.
    func steps(for role: ProvisioningRole, _ holder: CredentialHolder) -> [any ProvisioningStep] {
        var steps: [any ProvisioningStep] = []
        if case .managed(let group, _) = holder.name {
            steps.append(ManagedIdentityStep(provisioner: self, role: role, holder: holder, group: group))
        }
        return steps + [FederatedCredentialsStep(provisioner: self, role: role, holder: holder)]
    }

    var summary: [String] {
        ["issuer            \(issuerURL)"]
            + (storage.map { ["container         \($0.place.url)"] } ?? [])
            + (holders + (storage?.publisher(self).map { [$0] } ?? [])).map { _, holder in
                switch holder.name {
                case .application(let id):
                    "app registration  \(id.rawValue)  \(services.cloud.portal)/#view/Microsoft_AAD_RegisteredApps/"
                        + "ApplicationMenuBlade/~/Credentials/appId/\(id.rawValue)"
                case .managed:
                    "managed identity  \(services.cloud.portal)/#@\(tenant.rawValue)/resource\(holder.path)"
                }
            }
    }
}
