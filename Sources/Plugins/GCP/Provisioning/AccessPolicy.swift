import CloudAPI
import GatewayPluginAPI
import JSON

/// The allow policy of a resource (IAM API, `Policy`). Bindings with conditions, and members of others, stay.
struct AccessPolicy: Sendable {
    let json: JSONValue

    /// A resource that has an allow policy.
    enum Resource: Sendable, Hashable, CustomStringConvertible {
        /// A resource of the IAM API, such as a pool or a service account.
        case iam(String)
        case bucket(String)

        var description: String {
            switch self {
            case .iam(let name): name
            case .bucket(let name): "gs://\(name)"
            }
        }
    }

    private static let version: JSONValue = ["options": ["requestedPolicyVersion": 3]]

    /// - Returns: nil where the resource does not exist.
    static func read(_ resource: Resource, _ client: GoogleClient) async throws(PublishError) -> AccessPolicy? {
        let answer =
            switch resource {
            case .iam(let name): try await client.iam("POST", "\(name):getIamPolicy", version, expected: [404])
            case .bucket(let name):
                try await client.send(
                    JSONService.Call(
                        "GET", "\(client.services.storage)/storage/v1/b/\(name)/iam?optionsRequestedPolicyVersion=3"),
                    expected: [404])
            }
        return answer.status == 404 ? nil : AccessPolicy(json: answer.json)
    }

    /// Writes the policy; its `etag` is the condition.
    ///
    /// - Throws: ``PublishError/Kind/conflict`` where it was changed since it was read;
    ///   ``PublishError/Kind/unavailable`` where the resource does not exist yet.
    func write(to resource: Resource, _ client: GoogleClient) async throws(PublishError) {
        let answer =
            switch resource {
            case .iam(let name):
                try await client.iam(
                    "POST", "\(name):setIamPolicy", ["policy": json], expected: [404],
                    advice: "an administrator of the resource has to grant it")
            case .bucket(let name):
                try await client.send(
                    JSONService.Call("PUT", "\(client.services.storage)/storage/v1/b/\(name)/iam", json: json),
                    expected: [404])
            }
        guard answer.status != 404 else { throw PublishError(.unavailable, "\(resource) does not exist yet") }
    }

    /// The members of a role without a condition.
    func members(of role: String) -> [String] {
        (json["bindings"]?.elementList ?? []).filter { $0["role"]?.stringValue == role && $0["condition"] == nil }
            .flatMap { $0["members"]?.elementList?.compactMap(\.stringValue) ?? [] }
    }

    /// The policy with these members of a role.
    func adding(_ members: [String], to role: String) -> AccessPolicy {
        let missing = members.filter { !self.members(of: role).contains($0) }
        guard !missing.isEmpty else { return self }
        var bindings = json["bindings"]?.elementList ?? []
        let added = missing.map(JSONValue.string)
        if let index = bindings.firstIndex(where: { $0["role"]?.stringValue == role && $0["condition"] == nil }) {
            let current = bindings[index]["members"]?.elementList ?? []
            bindings[index] = bindings[index].setting(.array(current + added), at: "members")
        } else {
            bindings.append(["role": .string(role), "members": .array(added)])
        }
        return AccessPolicy(json: json.setting(.array(bindings), at: "bindings").setting(3, at: "version"))
    }

    /// The policy without these members of a role. A binding without members is removed.
    func removing(_ members: [String], from role: String) -> AccessPolicy {
        let bindings = (json["bindings"]?.elementList ?? []).compactMap { binding -> JSONValue? in
            guard binding["role"]?.stringValue == role, binding["condition"] == nil else { return binding }
            let left = (binding["members"]?.elementList ?? []).filter { member in
                !members.contains { JSONValue.string($0) == member }
            }
            return left.isEmpty ? nil : binding.setting(.array(left), at: "members")
        }
        return AccessPolicy(json: json.setting(.array(bindings), at: "bindings").setting(3, at: "version"))
    }
}

/// Members that have a role on a resource.
struct Grant: Sendable, Equatable {
    let resource: AccessPolicy.Resource
    let role: String
    let members: [String]

    static let poolAdmin = "roles/iam.workloadIdentityPoolAdmin"
    static let impersonation = "roles/iam.workloadIdentityUser"
    static let objectUser = "roles/storage.objectUser"
    /// Reads objects by their names, without listing them.
    static let objectReader = "roles/storage.legacyObjectReader"
}

extension Provisioner {
    /// The changes that make the grants.
    func changes(for grants: [Grant]) async throws(ProvisioningError) -> [ProvisioningChange] {
        var changes: [ProvisioningChange] = []
        for grant in grants {
            let policy = try await run { () throws(PublishError) in try await AccessPolicy.read(grant.resource, client)
            }
            let current = policy?.members(of: grant.role) ?? []
            let missing = grant.members.filter { !current.contains($0) }
            guard !missing.isEmpty else { continue }
            changes.append(
                change("grant \(grant.role) on \(grant.resource)", missing.map { "+ \($0)" }, grant) {
                    $0.adding(missing, to: grant.role)
                })
        }
        return changes
    }

    /// The changes that take the grants back.
    func removals(of grants: [Grant]) async throws(ProvisioningError) -> [ProvisioningChange] {
        var changes: [ProvisioningChange] = []
        for grant in grants {
            let policy = try await run { () throws(PublishError) in try await AccessPolicy.read(grant.resource, client)
            }
            let present = grant.members.filter { policy?.members(of: grant.role).contains($0) ?? false }
            guard !present.isEmpty else { continue }
            changes.append(
                change("remove \(grant.role) on \(grant.resource)", present.map { "- \($0)" }, grant) {
                    $0.removing(present, from: grant.role)
                })
        }
        return changes
    }

    /// Reads the policy again when it is applied, since other changes come before.
    private func change(
        _ title: String, _ differences: [String], _ grant: Grant,
        _ changed: @escaping @Sendable (AccessPolicy) -> AccessPolicy
    ) -> ProvisioningChange {
        let request =
            switch grant.resource {
            case .iam(let name): "POST \(client.services.iam)/v1/\(name):setIamPolicy"
            case .bucket(let name): "PUT \(client.services.storage)/storage/v1/b/\(name)/iam"
            }
        return ProvisioningChange(title, differences: differences, request: request) { () throws(ProvisioningError) in
            try await run { () throws(PublishError) in
                let policy = try await AccessPolicy.read(grant.resource, client) ?? AccessPolicy(json: .object([]))
                try await changed(policy).write(to: grant.resource, client)
            }
        }
    }
}
