import CloudAPI
public import GatewayPluginAPI
import JSON

extension AzureProvider {
    public static func deprovisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan? {
        let provisioner = try AzureProvisioner(request, context)
        return ProvisioningPlan(
            identity: { () throws(ProvisioningError) in try await provisioner.identity() },
            steps: provisioner.holders.reversed().map {
                CredentialsRemoval(provisioner: provisioner, role: $0, holder: $1)
            } + (provisioner.storage?.removals(provisioner) ?? []),
            summary: { [] })
    }
}

/// Deletes the federated credentials of the endpoint from an identity, then the identity if provisioning has created it and
/// no other credential is left.
struct CredentialsRemoval: ProvisioningStep {
    let provisioner: AzureProvisioner
    let role: ProvisioningRole
    let holder: CredentialHolder

    var id: String { "role-\(role.name)" }
    var title: String { "federated credentials of \(holder.title)" }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        guard let names = provisioner.names else { return ProvisioningFinding(existing: nil) }
        let found = try await provisioner.run { () throws(PublishError) in try await holder.credentials() }
        guard let found else { return ProvisioningFinding(existing: nil) }
        var changes: [ProvisioningChange] = []
        for credential in found where names.isOurs(credential.name) {
            let request = holder.removing(credential.name)
            changes.append(
                removal(
                    "delete the federated credential of \(credential.subject)", credential.lines.map { "- \($0)" },
                    request.path))
        }
        guard case .managed = holder.name else { return ProvisioningFinding(existing: nil, changes: changes) }
        let identity = try await provisioner.run { () throws(PublishError) in
            try await holder.client.find(holder.identityPath)
        }
        guard names.own(identity?["tags"]) else {
            return ProvisioningFinding(
                existing: nil, changes: changes,
                kept: ["\(holder.title): it existed before, or another endpoint has it"])
        }
        let others = found.filter { !names.isOurs($0.name) }
        guard others.isEmpty else {
            let list = others.map { Quotation.of($0.name) }.joined(separator: ", ")
            return ProvisioningFinding(
                existing: nil, changes: changes, kept: ["\(holder.title): it has other federated credentials, \(list)"])
        }
        changes.append(removal("delete \(holder.title)", [], holder.identityPath))
        return ProvisioningFinding(existing: nil, changes: changes)
    }

    private func removal(_ title: String, _ differences: [String], _ path: String) -> ProvisioningChange {
        ProvisioningChange(title, differences: differences, request: "DELETE \(holder.client.base)\(path)") {
            () throws(ProvisioningError) in
            _ = try await provisioner.run { () throws(PublishError) in
                try await holder.client.send("DELETE", path, expected: [404])
            }
        }
    }
}
