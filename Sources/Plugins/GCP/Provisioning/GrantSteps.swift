import CloudAPI
import GatewayPluginAPI
import JSON

/// What the gateway's own principal may do.
struct PublisherStep: ProvisioningStep {
    let id = "publisher"
    let title = "permissions of the publisher"
    let provisioner: Provisioner
    let grants: [Grant]

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let changes = try await provisioner.changes(for: grants)
        guard changes.isEmpty else { return ProvisioningFinding(existing: nil, changes: changes) }
        return ProvisioningFinding(existing: grants.map { "\($0.role) on \($0.resource)" }.joined(separator: ", "))
    }
}

extension Provisioner {
    /// What the gateway's own token needs; empty where it publishes with other credentials.
    var publisherGrants: [Grant] {
        guard let plan, plan.sources.contains(.selfIssued) else { return [] }
        let principal = provider.principal(request.publisherSubject)
        var grants: [Grant] = []
        var member = principal
        if let account = plan.serviceAccount {
            grants.append(
                Grant(
                    resource: .iam(ServiceAccountStep.name(of: account)), role: Grant.impersonation,
                    members: [principal]))
            member = "serviceAccount:\(account)"
        }
        switch plan.target {
        case .provider(let provider):
            grants.append(Grant(resource: .iam(provider.poolName), role: Grant.poolAdmin, members: [member]))
        case .bucket:
            grants.append(Grant(resource: .bucket(bucket), role: Grant.objectUser, members: [member]))
        }
        return grants
    }
}

/// A service account that workloads impersonate. One that existed before gets the principals only.
struct ServiceAccountStep: ProvisioningStep {
    let provisioner: Provisioner
    let role: ProvisioningRole
    /// The e-mail address.
    let account: String

    var id: String { "role-\(role.name)" }
    var title: String { "service account \"\(role.name)\" of workloads" }

    var grant: Grant {
        Grant(
            resource: .iam(Self.name(of: account)), role: Grant.impersonation,
            members: role.subjects.map(provisioner.provider.principal))
    }

    /// Its name in the IAM API. With `-` in place of the project, a missing account is 403.
    static func name(of account: String) -> String {
        "projects/\(project(of: account) ?? "-")/serviceAccounts/\(account)"
    }

    /// nil for a project with a domain.
    static func project(of account: String) -> String? {
        let suffix = ".iam.gserviceaccount.com"
        guard account.hasSuffix(suffix), let at = account.firstIndex(of: "@") else { return nil }
        let project = account[account.index(after: at)...].dropLast(suffix.utf8.count)
        return project.contains(".") ? nil : String(project)
    }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let found = try await provisioner.read(Self.name(of: account))
        guard let found else {
            guard let project = Self.project(of: account) else {
                throw ProvisioningError(.permanent, "the service account \(account) does not exist; create it")
            }
            let body: JSONValue = [
                "accountId": .string(String(account.prefix { $0 != "@" })),
                "serviceAccount": [
                    "displayName": .string(role.name),
                    "description": .string(provisioner.ownership?.description ?? "${role.description}"),
                ],
            ]
            let creation = ProvisioningChange(
                "create the service account \(account)", differences: ["+ \(body.text)"],
                request: "POST \(provisioner.client.services.iam)/v1/projects/\(project)/serviceAccounts\n\(body.text)"
            ) { () throws(ProvisioningError) in
                try await provisioner.run { () throws(PublishError) in
                    _ = try await provisioner.client.iam("POST", "projects/\(project)/serviceAccounts", body)
                }
            }
            return ProvisioningFinding(
                existing: nil, changes: [creation] + (try await provisioner.changes(for: [grant])))
        }
        let isOurs = provisioner.ownership?.owner(ofDescription: found["description"]?.stringValue) == .ours
        return ProvisioningFinding(
            existing: account + (isOurs ? "" : ", which existed before"),
            changes: try await provisioner.changes(for: [grant]),
            notes: found["disabled"] == .bool(true) ? ["the service account \(account) is disabled"] : [])
    }

    /// Who can impersonate the account.
    func check() async throws(ProvisioningError) -> ProvisioningCheck {
        let policy = try await provisioner.run { () throws(PublishError) in
            try await AccessPolicy.read(.iam(Self.name(of: account)), provisioner.client)
        }
        guard let policy else { throw ProvisioningError(.permanent, "the service account \(account) does not exist") }
        var (members, errors): ([String], [String]) = ([], [])
        for binding in policy.json["bindings"]?.elementList ?? [] {
            let isConditional = binding["condition"] != nil
            for member in binding["members"]?.elementList?.compactMap(\.stringValue) ?? [] {
                members.append(
                    "\(member) (\(binding["role"]?.stringValue ?? ""))\(isConditional ? ", conditionally" : "")")
                if member.hasPrefix("all") || member.hasPrefix("principalSet:") {
                    errors.append("\(member) is wider than a ServiceAccount; grant to principal://… of its subject")
                } else if member.hasPrefix("principal:"), !grant.members.contains(member) {
                    errors.append("\(member) is none of the role's ServiceAccounts; remove it, or add it to the role")
                }
            }
        }
        return ProvisioningCheck(
            resource: account, summary: members.isEmpty ? "nobody" : members.joined(separator: ", "), errors: errors)
    }
}

extension Provisioner {
    /// The service accounts of the request's roles.
    ///
    /// - Throws: roles that have keys without a meaning here, or no valid name.
    func serviceAccounts() throws(SettingsErrors) -> [ServiceAccountStep] {
        var (steps, errors): ([ServiceAccountStep], [SettingsError]) = ([], [])
        for role in request.roles {
            let key = "provision.roles.\(role.name)"
            for (name, isSet, advice) in [
                ("account", role.account != nil, "the name is an e-mail address with the project"),
                ("policies", !role.policies.isEmpty, "grant roles to the service account where it needs them"),
                ("sessionTags", role.allowsSessionTags, "use attributes of the provider's mapping"),
                ("maxSession", role.maximumSession != nil, "use settings.impersonationLifetime"),
            ] where isSet {
                errors.append(SettingsError("\(key).\(name)", "not supported by the plugin gcp; \(advice)"))
            }
            let address =
                role.name.contains("@") ? role.name : project.map { "\(role.name)@\($0).iam.gserviceaccount.com" }
            guard let address, (try? ServiceAccountAddress(address)) != nil else {
                errors.append(
                    SettingsError(
                        key,
                        "invalid service account; expected an e-mail address, or a name in the project of settings.project"
                    ))
                continue
            }
            steps.append(ServiceAccountStep(provisioner: self, role: role, account: address))
        }
        try SettingsErrors.check(errors)
        return steps
    }
}
