public import GatewayPluginAPI
import JSON

extension VaultProvider {
    public static func provisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan? {
        let provisioner = try VaultProvisioner(request, context)
        var steps: [any ProvisioningStep] = []
        if !request.isForRolesOnly {
            steps = [MountStep(provisioner: provisioner), KeysStep(provisioner: provisioner)]
            if let role = provisioner.role {
                steps += [PolicyStep(provisioner: provisioner), provisioner.publisherStep(role)]
            }
        }
        let workloads = provisioner.workloadSteps
        steps += workloads
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
                return lines + workloads.map { "role              \($0.role.name)" }
            },
            check: { () throws(ProvisioningError) in
                var checks: [ProvisioningCheck] = []
                for step in workloads { checks.append(try await step.check()) }
                return checks
            })
    }
}

extension VaultProvisioner {
    func publisherStep(_ role: String) -> RoleStep {
        RoleStep(id: "role", title: "role of the publisher", provisioner: self, role: .publisher(role, self))
    }

    var workloadSteps: [RoleStep] {
        workloads.map { role in
            RoleStep(
                id: "role-\(role.name)", title: "role \"\(role.name)\" of workloads", provisioner: self, role: role)
        }
    }
}
