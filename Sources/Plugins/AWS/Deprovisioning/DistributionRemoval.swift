import AWSXML
import GatewayPluginAPI

/// Disables the distribution, waits until that is deployed, and deletes it. It stays while an OIDC provider names its host.
struct DistributionRemoval: ProvisioningStep {
    let id = "distribution"
    let title = "CloudFront distribution in front of the bucket"
    let removal: Deprovisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        guard let found = try await removal.distribution() else {
            removal.keep(id, [])
            return ProvisioningFinding(existing: nil)
        }
        let (provisioner, client) = (removal.provisioner, removal.provisioner.cloudFront)
        let name = "the distribution \(found.id) (\(found.domain))"
        let arn = provisioner.distributionARN(found.id)
        let tags = try await removal.run { () throws(CallFailure) in try await client.tags(of: arn) }
        func stays(_ reason: String, _ changes: [ProvisioningChange] = []) -> ProvisioningFinding {
            removal.keep(id, [name])
            return ProvisioningFinding(existing: name, changes: changes, kept: ["\(name): \(reason)"])
        }
        let keeping = removal.keeping.filter { $0 != name }
        guard keeping.isEmpty else { return stays("its host is in use by \(keeping.joined(separator: ", "))") }
        switch removal.names.ownership(of: tags) {
        case .ours: break
        case .adopted: return stays("it was not created by this endpoint", [untag(name, arn)])
        case .unowned: return stays("it was not created by this endpoint")
        case .foreign(let owner): return stays("it belongs to \(owner)")
        }
        let aliases = found.aliases.filter { $0 != provisioner.settings.alias && $0 != provisioner.request.host }
        if let alias = aliases.first { return stays("it has the alternate domain name \(alias) of somebody else") }
        let origins = found.origins.filter { $0["Id"]?.text != DistributionConfiguration.originID }
        if let origin = origins.first?["DomainName"]?.text {
            return stays("it has the origin \(origin) of somebody else")
        }
        removal.keep(id, [])
        if found.configuration["Enabled"]?.text != "false" {
            let disabled = found.configuration.setting(.text("Enabled", "false"))
            return ProvisioningFinding(
                existing: name,
                changes: [
                    ProvisioningChange(
                        "disable \(name)", differences: ["- Enabled: true", "+ Enabled: false"],
                        request: client.text("PUT", "distribution/\(found.id)/config", disabled)
                    ) { () throws(ProvisioningError) in
                        try await removal.run { () throws(CallFailure) in
                            try await client.update(.distribution, found.id, disabled, ifMatch: found.entityTag)
                        }
                    }
                ], notes: ["it is deleted when CloudFront has disabled it"])
        }
        guard found.status == "Deployed" else {
            return ProvisioningFinding(
                existing: name, waiting: "CloudFront disables \(name) (\(found.status)); this takes some minutes")
        }
        return ProvisioningFinding(
            existing: name,
            changes: [
                ProvisioningChange(
                    "delete \(name)", request: client.text("DELETE", "distribution/\(found.id)", nil)
                ) { () throws(ProvisioningError) in
                    try await removal.run { () throws(CallFailure) in
                        try await client.delete(.distribution, found.id, ifMatch: found.entityTag)
                    }
                }
            ])
    }

    private func untag(_ name: String, _ arn: String) -> ProvisioningChange {
        let client = removal.provisioner.cloudFront
        return ProvisioningChange(
            "remove the tags of \(name)",
            request: client.text(
                "POST", "tagging?Operation=Untag&Resource=\(arn)",
                DistributionClient.tagKeys(ProvisionedNames.keys))
        ) { () throws(ProvisioningError) in
            try await removal.run { () throws(CallFailure) in try await client.untag(arn, ProvisionedNames.keys) }
        }
    }
}

/// Deletes the origin access control of the endpoint. It takes no tags: its name is made of cluster, endpoint and owner.
struct AccessControlRemoval: ProvisioningStep {
    let id = "access-control"
    let title = "origin access control of CloudFront"
    let removal: Deprovisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let client = removal.provisioner.cloudFront
        let name = removal.names.bucket
        let all = try await removal.run { () throws(CallFailure) in try await client.list(.originAccessControl) }
        guard let id = all.first(where: { $0["Name"]?.text == name })?["Id"]?.text else {
            return ProvisioningFinding(existing: nil)
        }
        let existing = "the origin access control \(id)"
        let keeping = removal.keeping
        guard keeping.isEmpty else {
            return ProvisioningFinding(
                existing: existing, kept: ["\(existing): it is below \(keeping.joined(separator: ", "))"])
        }
        let ours = removal.provisioner.state.current.distribution?.id
        let distributions = try await removal.run { () throws(CallFailure) in try await client.list(.distribution) }
        let user = distributions.first { distribution in
            distribution["Id"]?.text != ours
                && (distribution["Origins"]?["Items"]?.children ?? []).contains {
                    $0["OriginAccessControlId"]?.text == id
                }
        }
        if let user = user?["Id"]?.text {
            return ProvisioningFinding(
                existing: existing, kept: ["\(existing): the distribution \(user) of somebody else uses it"])
        }
        let found = try await removal.run { () throws(CallFailure) in try await client.get(.originAccessControl, id) }
        guard let found else { return ProvisioningFinding(existing: nil) }
        return ProvisioningFinding(
            existing: existing,
            changes: [
                ProvisioningChange(
                    "delete \(existing)", request: client.text("DELETE", "origin-access-control/\(id)", nil)
                ) { () throws(ProvisioningError) in
                    try await removal.run { () throws(CallFailure) in
                        try await client.delete(.originAccessControl, id, ifMatch: found.entityTag)
                    }
                }
            ])
    }
}
