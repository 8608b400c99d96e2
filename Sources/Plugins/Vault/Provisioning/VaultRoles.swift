import GatewayPluginAPI
import JSON

/// A role of the mount with the members that provisioning writes; the server adds others.
struct VaultRole: Sendable {
    let name: String
    let members: JSONValue

    /// The role in which the gateway logs in.
    static func publisher(_ name: String, _ provisioner: VaultProvisioner) -> VaultRole {
        VaultRole(
            name: name,
            members: [
                "role_type": "jwt", "user_claim": "sub",
                "bound_audiences": .array(provisioner.audiences.map(JSONValue.string)),
                "bound_subject": .string(provisioner.publisherSubject),
                "token_policies": [.string(provisioner.policyName)], "token_ttl": 600,
            ])
    }

    /// A role of workloads: only tokens of these subjects log in.
    init(_ role: ProvisioningRole, audiences: [String]) {
        name = role.name
        // The server stores policies in this form.
        let policies = Set(role.policies.map { $0.lowercased() }).sorted()
        var members: [JSONValue.Member] = [
            .init("role_type", "jwt"), .init("user_claim", "sub"),
            .init("bound_audiences", .array(audiences.map(JSONValue.string))), .init("bound_claims_type", "string"),
            .init("bound_claims", .object([.init("sub", .array(role.subjects.map(JSONValue.string)))])),
            .init("token_policies", .array(policies.map(JSONValue.string))),
        ]
        if let seconds = role.maximumSession {
            members.append(.init("token_max_ttl", .integer(seconds)))
        }
        self.members = .object(members)
    }

    private init(name: String, members: JSONValue) {
        self.name = name
        self.members = members
    }

    /// The members that differ from a stored role.
    func differing(from current: JSONValue?) -> [JSONValue.Member] {
        members.memberList.filter { member in
            let found = current?[member.name]
            return found != member.value && !(Self.isEmpty(found) && Self.isEmpty(member.value) && current != nil)
        }
    }

    private static func isEmpty(_ value: JSONValue?) -> Bool {
        switch value {
        case nil, .null, .array([]): true
        default: false
        }
    }

    /// Checks the roles of a request.
    static func roles(of request: ProvisioningRequest, publisher: String?) throws(SettingsErrors) -> [VaultRole] {
        var errors: [SettingsError] = []
        for role in request.roles {
            let key = "provision.roles.\(role.name)"
            if !VaultNames.isRole(role.name) || role.name == publisher {
                errors.append(
                    SettingsError(
                        key,
                        "invalid name; \(VaultNames.expectedRole), and another name than that of the publisher's role"))
            }
            for (name, isSet, advice) in [
                ("account", role.account != nil, "a mount is in publish.namespace"),
                ("sessionTags", role.allowsSessionTags, "use claim_mappings of a role of your own"),
            ] where isSet {
                errors.append(SettingsError("\(key).\(name)", "not supported by the plugin vault; \(advice)"))
            }
        }
        try SettingsErrors.check(errors)
        return request.roles.map { VaultRole($0, audiences: request.audiences) }
    }
}

/// Writes a role of the mount.
struct RoleStep: ProvisioningStep {
    let id: String
    let title: String
    let provisioner: VaultProvisioner
    let role: VaultRole

    var path: String { "auth/\(provisioner.plan.mount)/role/\(role.name)" }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let path = path
        let current = try await provisioner.call("GET", path, absent: [404])?["data"]
        let differing = role.differing(from: current)
        guard !differing.isEmpty else { return ProvisioningFinding(existing: role.name) }
        let removed = differing.compactMap { member in
            current?[member.name].map { "- \(member.name): \($0.text)" }
        }
        let body = role.members
        return ProvisioningFinding(
            existing: current.map { _ in role.name },
            changes: [
                ProvisioningChange(
                    "write the role \(role.name)",
                    differences: removed + differing.map { "+ \($0.name): \($0.value.text)" },
                    request: "POST \(provisioner.server.address)/v1/\(path)\n\(body.text)"
                ) { () throws(ProvisioningError) in _ = try await provisioner.call("POST", path, body) }
            ])
    }

    /// Who can log in with the role.
    func check() async throws(ProvisioningError) -> ProvisioningCheck {
        guard let current = try await provisioner.call("GET", path, absent: [404])?["data"] else {
            throw ProvisioningError(.permanent, "there is no role \(role.name) of the mount \(provisioner.plan.mount)")
        }
        let bound = current["bound_subject"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        let claim = current["bound_claims"]?["sub"]
        let subjects =
            bound.map { [$0] } ?? claim?.elementList?.compactMap(\.stringValue) ?? claim?.stringValue.map { [$0] } ?? []
        var errors: [String] = []
        if subjects.isEmpty {
            errors.append("neither bound_subject nor bound_claims.sub is set: other workloads log in")
        }
        if current["bound_claims_type"] == "glob", subjects.contains(where: { $0.contains("*") }) {
            errors.append("bound_claims.sub has wildcards; list the subjects")
        }
        if (current["bound_audiences"]?.elementList ?? []).isEmpty { errors.append("bound_audiences is not set") }
        return ProvisioningCheck(
            resource: "role \(role.name)", summary: subjects.isEmpty ? "anybody" : subjects.joined(separator: ", "),
            errors: errors)
    }
}
