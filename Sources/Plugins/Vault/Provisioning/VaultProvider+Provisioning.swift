public import GatewayPluginAPI
import JSON

extension VaultProvider {
    public static func provisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan? {
        let provisioner = try VaultProvisioner(request, context)
        var steps: [any ProvisioningStep] = [
            MountStep(provisioner: provisioner), KeysStep(provisioner: provisioner),
        ]
        if let role = provisioner.role {
            steps += [PolicyStep(provisioner: provisioner), RoleStep(provisioner: provisioner, role: role)]
        }
        return ProvisioningPlan(
            identity: { () throws(ProvisioningError) in
                let identity = try await provisioner.identity()
                try provisioner.issuer.isKnown(host: provisioner.host, publish: provisioner.publish)
                return identity
            }, steps: steps,
            summary: {
                var lines = ["mount             \(provisioner.plan.location)"]
                lines.append("issuer            \(provisioner.plan.issuer)")
                if let role = provisioner.role { lines.append("publisher role    \(role)") }
                return lines
            })
    }
}
