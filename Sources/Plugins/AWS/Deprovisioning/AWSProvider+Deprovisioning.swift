public import GatewayPluginAPI

extension AWSProvider {
    public static func deprovisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan? {
        let settings = try ProvisioningSettings(
            request, isRemoval: true, accounts: context.administration.accounts,
            profileRegion: try profileRegion(context), environment: context.environment)
        let provisioner = Provisioner(request, settings, context)
        guard let names = provisioner.names else { return nil }
        let removal = Deprovisioner(provisioner: provisioner, names: names)
        return ProvisioningPlan(
            identity: { () throws(ProvisioningError) in try await provisioner.identity(isRemoval: true) },
            steps: [
                WorkloadRolesRemoval(removal: removal), PublisherRoleRemoval(removal: removal),
                IdentityProvidersRemoval(removal: removal), DistributionRemoval(removal: removal),
                AccessControlRemoval(removal: removal), BucketRemoval(removal: removal),
            ],
            summary: { [] })
    }
}
