import AWSXML
import GatewayPluginAPI
import JSON

/// The role that the gateway assumes with its own token to publish: bound to `aud` and `sub`, and limited to the two objects
/// and the distribution's invalidations.
struct PublisherRoleStep: ProvisioningStep {
    let id = "publisher-role"
    let title = "publisher role"
    let provisioner: Provisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let (name, iam) = (provisioner.roleName, provisioner.iam(in: nil))
        let isKnown = provisioner.names != nil || provisioner.settings.role != nil
        guard isKnown, let role = try await read() else {
            let trust = PolicyDocument([trustStatement])
            let call = IAMClient.Call(
                "CreateRole", on: name,
                [
                    ("Path", path), ("RoleName", name),
                    ("AssumeRolePolicyDocument", trust.text),
                    ("Description", description),
                ]
            ).tags(provisioner.tags)
            return ProvisioningFinding(
                existing: nil,
                changes: [
                    change(
                        "create the role \"\(name)\"", differences: PolicyDocument.differences(from: nil, to: trust),
                        call, iam),
                    permissionChange(iam, nil),
                ])
        }
        let ownership = provisioner.names?.ownership(of: role.tags)
        try provisioner.rejectForeign(ownership, "the role \"\(name)\"")
        let isOurs = ownership == .ours
        if !isOurs { provisioner.state.update { $0.isAdopted.insert(id) } }
        var changes: [ProvisioningChange] = []
        // The trust policy of a role of ours is ours as a whole: a wider statement is drift.
        let trust =
            isOurs
            ? PolicyDocument([trustStatement])
            : (role.trust ?? PolicyDocument([])).setting(provisioner.statementID, trustStatement)
        if !PolicyDocument.isEquivalent(role.trust?.json, trust.json), isOurs || !trusts(role.trust) {
            changes.append(
                change(
                    "write the trust policy", differences: PolicyDocument.differences(from: role.trust, to: trust),
                    IAMClient.Call(
                        "UpdateAssumeRolePolicy", on: name,
                        [("RoleName", name), ("PolicyDocument", trust.text)]), iam))
        }
        let current = try await permissions()
        if !PolicyDocument.isEquivalent(current?.json, permissionPolicy.json) {
            changes.append(permissionChange(iam, current))
        }
        let missing = (isOurs ? provisioner.tags : provisioner.names?.adoptedTags ?? [])
            .filter { !role.tags.contains($0) }
        if !missing.isEmpty {
            changes.append(
                change(
                    "tag the role", differences: missing.map { "+ \($0.key)=\($0.value)" },
                    IAMClient.Call("TagRole", on: name, [("RoleName", name)]).tags(missing), iam))
        }
        return ProvisioningFinding(existing: role.arn, changes: changes)
    }

    /// Of a new role.
    var path: String { provisioner.settings.role?.path ?? "/" }
    var description: String { "Publishes the documents of https://\(provisioner.issuerName)" }

    struct Role: Sendable {
        let arn: String
        let trust: PolicyDocument?
        let tags: [ResourceTag]
    }

    func read() async throws(ProvisioningError) -> Role? {
        let name = provisioner.roleName
        let found = try await provisioner.run { () throws(CallFailure) in
            try await provisioner.iam(in: nil).find(IAMClient.Call("GetRole", on: name, [("RoleName", name)]))
        }
        guard let role = found?["Role"], let arn = role["Arn"]?.text else { return nil }
        return Role(
            arn: arn,
            trust: role["AssumeRolePolicyDocument"].flatMap {
                PolicyDocument(parsing: Array(IAMClient.policy($0.text).utf8))
            },
            tags: (role["Tags"]?.children ?? []).compactMap(ResourceTag.init))
    }

    func permissions() async throws(ProvisioningError) -> PolicyDocument? {
        let name = provisioner.roleName
        let found = try await provisioner.run { () throws(CallFailure) in
            try await provisioner.iam(in: nil).find(
                IAMClient.Call(
                    "GetRolePolicy", on: name, [("RoleName", name), ("PolicyName", provisioner.policyName)]))
        }
        return found?["PolicyDocument"].flatMap { PolicyDocument(parsing: Array(IAMClient.policy($0.text).utf8)) }
    }

    /// Whether an adopted role has a statement that allows the same under another Sid.
    private func trusts(_ policy: PolicyDocument?) -> Bool {
        policy?.statements.contains { statement in
            guard case .object(let members) = statement, case .object(let wanted) = trustStatement else { return false }
            return PolicyDocument.isEquivalent(
                .object(members.filter { $0.name != "Sid" }), .object(wanted.filter { $0.name != "Sid" }))
        } ?? false
    }

    private func permissionChange(_ iam: IAMClient, _ current: PolicyDocument?) -> ProvisioningChange {
        let name = provisioner.roleName
        return change(
            "write the role's policy \"\(provisioner.policyName)\"",
            differences: PolicyDocument.differences(from: current, to: permissionPolicy),
            IAMClient.Call(
                "PutRolePolicy", on: name,
                [("RoleName", name), ("PolicyName", provisioner.policyName), ("PolicyDocument", permissionPolicy.text)]),
            iam)
    }

    private func change(
        _ title: String, differences: [String] = [], _ call: IAMClient.Call, _ iam: IAMClient
    ) -> ProvisioningChange {
        ProvisioningChange(title, differences: differences, request: iam.text(call)) { () throws(ProvisioningError) in
            try await provisioner.run { () throws(CallFailure) in _ = try await iam.send(call) }
        }
    }

    var trustStatement: JSONValue {
        TrustStatement(
            sid: provisioner.statementID, provider: provisioner.providerARN, issuer: provisioner.issuerName,
            audiences: provisioner.request.audiences, subjects: [provisioner.request.publisherSubject]
        ).json
    }

    var permissionPolicy: PolicyDocument {
        var statements: [JSONValue] = [
            [
                "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"],
                "Resource": .array(provisioner.objectARNs.map(JSONValue.string)),
            ]
        ]
        if provisioner.settings.serving == .cloudFront {
            statements.append([
                "Effect": "Allow", "Action": ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"],
                "Resource": .string(provisioner.distributionARN),
            ])
        }
        return PolicyDocument(statements)
    }
}
