import CloudAPI
import GatewayPluginAPI
import JSON

/// What the steps of the removal share. While a role of workloads exists, everything stays: the mount verifies its logins,
/// and the gateway writes the keys of the mount in the publisher's role.
struct VaultRemoval: Sendable {
    let provisioner: VaultProvisioner

    var mount: String { provisioner.plan.mount }

    /// Why everything stays; nil where it can be removed.
    ///
    /// - Throws: where the server cannot be read.
    func reason() async throws(ProvisioningError) -> String? {
        if let problem = try await ownershipProblem() { return problem }
        guard try await mountFound() != nil else { return nil }
        return try await usage()
    }

    /// Why the mount is not one of this endpoint; nil where it is, or where it does not exist.
    func ownershipProblem() async throws(ProvisioningError) -> String? {
        guard let found = try await mountFound() else { return nil }
        switch provisioner.mark?.owner(of: VaultProvisioner.description(of: found)) {
        case .ours: break
        case .foreign(let owner):
            return "the mount auth/\(mount) belongs to another installation (\(Quotation.of(owner, limit: 200)))"
        case .nobody, nil: return "the mount auth/\(mount) was not created by sts-gateway provision"
        }
        return nil
    }

    /// What else uses the mount; nil for nothing.
    private func usage() async throws(ProvisioningError) -> String? {
        let data = try await provisioner.call("GET", "auth/\(mount)/config", absent: [404])?["data"]
        let stored = MountConfiguration(data: data ?? .object([])).stored(
            issuer: provisioner.plan.issuer, algorithm: provisioner.plan.algorithm)
        if let other = stored.foreign.first { return "the mount auth/\(mount) has \(other)" }
        let list = try await provisioner.call("GET", "auth/\(mount)/role?list=true", absent: [404])?["data"]
        var roles = (list?["keys"]?.elementList ?? []).compactMap(\.stringValue).filter { $0 != provisioner.role }
        for step in provisioner.workloadSteps where roles.contains(step.role.name) {
            if try await isUnchanged(step) { roles.removeAll { $0 == step.role.name } }
        }
        guard !roles.isEmpty else { return nil }
        let names = roles.sorted().prefix(5).map { Quotation.of($0) }.joined(separator: ", ")
        return
            "workloads log in to the mount auth/\(mount) with \(roles.count) roles, such as \(names); delete them first"
    }

    /// Whether a role of workloads is as provisioning writes it.
    func isUnchanged(_ step: RoleStep) async throws(ProvisioningError) -> Bool {
        let current = try await provisioner.call("GET", step.path, absent: [404])?["data"]
        return step.role.differing(from: current).isEmpty
    }

    /// The mount; nil where it does not exist.
    func mountFound() async throws(ProvisioningError) -> JSONValue? {
        // 400 is the answer for a mount that does not exist.
        try await provisioner.call("GET", "sys/auth/\(mount)", absent: [400, 404])
    }

    func deletion(_ title: String, _ path: String) -> ProvisioningChange {
        ProvisioningChange(title, request: "DELETE \(provisioner.server.address)/v1/\(path)") {
            [provisioner] () throws(ProvisioningError) in
            _ = try await provisioner.call("DELETE", path, absent: [404])
        }
    }
}

/// Deletes a role of workloads that is as provisioning writes it.
struct WorkloadRoleRemoval: ProvisioningStep {
    let removal: VaultRemoval
    let step: RoleStep

    var id: String { step.id }
    var title: String { step.title }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let name = step.role.name
        guard try await removal.provisioner.call("GET", step.path, absent: [404]) != nil else {
            return ProvisioningFinding(existing: nil)
        }
        if let reason = try await removal.ownershipProblem() {
            return ProvisioningFinding(existing: name, kept: ["the role \(name): \(reason)"])
        }
        guard try await removal.isUnchanged(step) else {
            return ProvisioningFinding(existing: name, kept: ["the role \(name): it was changed"])
        }
        return ProvisioningFinding(existing: name, changes: [removal.deletion("delete the role \(name)", step.path)])
    }
}

/// Deletes the role in which the gateway logs in.
struct RoleRemoval: ProvisioningStep {
    let id = "role"
    let title = "role of the publisher"
    let removal: VaultRemoval
    let role: String

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let provisioner = removal.provisioner
        let path = "auth/\(removal.mount)/role/\(role)"
        guard let found = try await provisioner.call("GET", path, absent: [404])?["data"] else {
            return ProvisioningFinding(existing: nil)
        }
        if let reason = try await removal.reason() {
            return ProvisioningFinding(existing: role, kept: ["the role \(role): \(reason)"])
        }
        guard found["bound_subject"]?.stringValue == provisioner.publisherSubject else {
            return ProvisioningFinding(existing: role, kept: ["the role \(role): it is bound to another subject"])
        }
        return ProvisioningFinding(existing: role, changes: [removal.deletion("delete the role \(role)", path)])
    }
}

/// Deletes the policy of the publisher.
struct PolicyRemoval: ProvisioningStep {
    let id = "policy"
    let title = "policy of the publisher"
    let removal: VaultRemoval

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let provisioner = removal.provisioner
        let name = provisioner.policyName
        let path = "sys/policies/acl/\(name)"
        guard let found = try await provisioner.call("GET", path, absent: [404]) else {
            return ProvisioningFinding(existing: nil)
        }
        if let reason = try await removal.reason() {
            return ProvisioningFinding(existing: name, kept: ["the policy \(name): \(reason)"])
        }
        guard found["data"]?["policy"]?.stringValue == provisioner.policy else {
            return ProvisioningFinding(existing: name, kept: ["the policy \(name): it was changed"])
        }
        return ProvisioningFinding(existing: name, changes: [removal.deletion("delete the policy \(name)", path)])
    }
}

/// Disables the mount, and with it the keys and all sessions of its logins.
struct MountRemoval: ProvisioningStep {
    let id = "mount"
    let title = "JWT auth mount"
    let removal: VaultRemoval

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let location = removal.provisioner.plan.location
        guard try await removal.mountFound() != nil else { return ProvisioningFinding(existing: nil) }
        if let reason = try await removal.reason() {
            return ProvisioningFinding(existing: location, kept: ["\(location): \(reason)"])
        }
        return ProvisioningFinding(
            existing: location,
            changes: [
                removal.deletion(
                    "disable the auth method at \(removal.mount), which revokes the sessions of its logins",
                    "sys/auth/\(removal.mount)")
            ])
    }
}
