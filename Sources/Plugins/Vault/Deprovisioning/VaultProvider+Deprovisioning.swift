public import GatewayPluginAPI
import JSON

extension VaultProvider {
    public static func deprovisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan? {
        let removal = VaultRemoval(provisioner: try VaultProvisioner(request, context))
        var steps: [any ProvisioningStep] = removal.provisioner.workloadSteps.reversed().map {
            WorkloadRoleRemoval(removal: removal, step: $0)
        }
        if let role = removal.provisioner.role {
            steps += [RoleRemoval(removal: removal, role: role), PolicyRemoval(removal: removal)]
        }
        return ProvisioningPlan(
            identity: { () throws(ProvisioningError) in try await removal.provisioner.identity() },
            steps: steps + [MountRemoval(removal: removal)], summary: { [] })
    }
}
