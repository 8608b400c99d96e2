import AWSXML
import GatewayPluginAPI

/// Deletes the workload roles of the endpoint in all accounts, and what was added to adopted ones.
struct WorkloadRolesRemoval: ProvisioningStep {
    let id = "workload-roles"
    let title = "workload roles that trust the issuer"
    let removal: Deprovisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let publisher = removal.provisioner.roleName
        return try await removal.removal { $0.name != publisher }
    }
}

/// Deletes the publisher role, or what was added to an adopted one.
struct PublisherRoleRemoval: ProvisioningStep {
    let id = "publisher-role"
    let title = "publisher role"
    let removal: Deprovisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let publisher = removal.provisioner.roleName
        return try await removal.removal { $0.name == publisher }
    }
}

extension Deprovisioner {
    /// What happens to a role.
    struct RoleFate: Sendable {
        let role: AccountSurvey.Role
        let changes: [ProvisioningChange]
        /// Why it stays as it is, or as it is after the changes; nil where it is deleted.
        let kept: String?
        /// Its trust policy after the changes; nil where it is deleted, or where the policy cannot be parsed.
        let trust: PolicyDocument?
    }

    func removal(
        _ isIncluded: (AccountSurvey.Role) -> Bool
    ) async throws(ProvisioningError) -> ProvisioningFinding {
        var (existing, kept, changes): ([String], [String], [ProvisioningChange]) = ([], [], [])
        for reading in try await surveys() {
            switch reading.survey {
            case .failure(let error):
                kept.append("roles of the account \(reading.account): it cannot be read (\(error))")
            case .success(let survey):
                for role in survey.roles where isIncluded(role) {
                    let fate = try await fate(role, survey.iam)
                    existing.append(role.arn)
                    changes += fate.changes
                    if let reason = fate.kept { kept.append("\(role.arn): \(reason)") }
                }
            }
        }
        return ProvisioningFinding(
            existing: existing.isEmpty ? nil : existing.joined(separator: ", "), changes: changes, kept: kept)
    }

    func fate(_ role: AccountSurvey.Role, _ iam: IAMClient) async throws(ProvisioningError) -> RoleFate {
        switch role.ownership {
        case .ours: return try await deletion(role, iam)
        case .adopted: return try await release(role, iam)
        // A run that ended between the tags and the statement.
        case .unowned where role.trust?.statements.contains { PolicyDocument.isOf(names.statement, $0) } == true:
            return try await release(role, iam)
        case .unowned:
            return RoleFate(role: role, changes: [], kept: "it was not created by this endpoint", trust: role.trust)
        case .foreign(let owner):
            return RoleFate(role: role, changes: [], kept: "it belongs to \(owner)", trust: role.trust)
        }
    }

    private func deletion(
        _ role: AccountSurvey.Role, _ iam: IAMClient
    ) async throws(ProvisioningError) -> RoleFate {
        let named = [("RoleName", role.name)]
        func list(_ action: String, _ element: String) async throws(ProvisioningError) -> [XMLElement] {
            try await run { () throws(CallFailure) in
                try await iam.list(IAMClient.Call(action, on: role.name, named), element)
            }
        }
        let profiles = try await list("ListInstanceProfilesForRole", "InstanceProfiles")
        if let profile = profiles.first?["InstanceProfileName"]?.text {
            return RoleFate(
                role: role, changes: [], kept: "the instance profile \(Quotation.of(profile)) has it",
                trust: role.trust)
        }
        var changes: [ProvisioningChange] = []
        for policy in try await list("ListAttachedRolePolicies", "AttachedPolicies") {
            guard let arn = policy["PolicyArn"]?.text else { continue }
            changes.append(
                change(
                    "detach \(arn) from the role \"\(role.name)\"",
                    IAMClient.Call("DetachRolePolicy", on: role.name, named + [("PolicyArn", arn)]), iam))
        }
        for policy in try await list("ListRolePolicies", "PolicyNames") {
            changes.append(
                change(
                    "delete the policy \"\(policy.text)\" of the role \"\(role.name)\"",
                    IAMClient.Call("DeleteRolePolicy", on: role.name, named + [("PolicyName", policy.text)]), iam))
        }
        changes.append(
            change("delete the role \"\(role.name)\"", IAMClient.Call("DeleteRole", on: role.name, named), iam))
        return RoleFate(role: role, changes: changes, kept: nil, trust: nil)
    }

    /// Removes from an adopted role what was added to it.
    private func release(
        _ role: AccountSurvey.Role, _ iam: IAMClient
    ) async throws(ProvisioningError) -> RoleFate {
        let named = [("RoleName", role.name)]
        guard let current = role.trust else {
            return RoleFate(role: role, changes: [], kept: "its trust policy cannot be parsed", trust: nil)
        }
        let wanted = current.removing(names.statement)
        guard !wanted.statements.isEmpty else {
            return RoleFate(
                role: role, changes: [],
                kept: "it existed before, and its trust policy would be empty; add a statement, or delete the role",
                trust: current)
        }
        var changes: [ProvisioningChange] = []
        let policies = try await run { () throws(CallFailure) in
            try await iam.list(IAMClient.Call("ListRolePolicies", on: role.name, named), "PolicyNames")
        }
        if policies.contains(where: { $0.text == names.inlinePolicy }) {
            changes.append(
                change(
                    "delete the policy \"\(names.inlinePolicy)\" of the role \"\(role.name)\"",
                    IAMClient.Call(
                        "DeleteRolePolicy", on: role.name, named + [("PolicyName", names.inlinePolicy)]), iam))
        }
        if role.ownership == .adopted {
            changes.append(
                change(
                    "remove the tags of \"\(role.name)\"",
                    IAMClient.Call("UntagRole", on: role.name, named).list("TagKeys", ProvisionedNames.keys), iam))
        }
        // Last: without its statement the role does not trust the issuer, and is not found again.
        if wanted != current {
            changes.append(
                change(
                    "remove the statement \(names.statement) from the trust policy of \"\(role.name)\"",
                    differences: PolicyDocument.differences(from: current, to: wanted),
                    IAMClient.Call(
                        "UpdateAssumeRolePolicy", on: role.name, named + [("PolicyDocument", wanted.text)]), iam))
        }
        return RoleFate(role: role, changes: changes, kept: "it was not created by this endpoint", trust: wanted)
    }

    func change(
        _ title: String, differences: [String] = [], _ call: IAMClient.Call, _ iam: IAMClient
    ) -> ProvisioningChange {
        ProvisioningChange(title, differences: differences, request: iam.text(call)) { () throws(ProvisioningError) in
            try await run { () throws(CallFailure) in _ = try await iam.send(call) }
        }
    }
}
