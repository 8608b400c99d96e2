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
                let data = try await provisioner.call("GET", "auth/token/lookup-self")?["data"]
                let name = data?["display_name"]?.stringValue ?? "unknown"
                try provisioner.issuer.isKnown(host: provisioner.host, publish: provisioner.publish)
                return "\(provisioner.plan.address), token of \(Quotation.of(name))"
            }, steps: steps,
            summary: {
                var lines = ["mount             \(provisioner.plan.location)"]
                lines.append("issuer            https://\(provisioner.host)")
                if let role = provisioner.role { lines.append("publisher role    \(role)") }
                return lines
            })
    }
}
