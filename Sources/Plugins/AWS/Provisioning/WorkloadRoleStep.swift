import AWSXML
import GatewayPluginAPI
import JSON

/// A role of workloads: its trust policy binds `aud` and `sub`. A role that existed before keeps its other statements.
struct WorkloadRoleStep: ProvisioningStep {
    let provisioner: Provisioner
    let role: ProvisioningRole

    /// The claim with the session's tags, and the one with its source identity (STS API Reference,
    /// AssumeRoleWithWebIdentity; IAM User Guide, "Pass session tags in AWS STS").
    static let tagsClaim = "https://aws.amazon.com/tags"
    static let sourceIdentityClaim = "https://aws.amazon.com/source_identity"

    var id: String { "role-\(role.name)" }
    var title: String { "role \"\(role.name)\" of workloads" }
    var arn: String {
        "arn:\(provisioner.partition.rawValue):iam::\(role.account ?? provisioner.account):role/\(role.name)"
    }

    var description: String { "Workloads with tokens of https://\(provisioner.issuerName)" }

    /// The account whose credentials are used; nil for that of the bucket.
    var account: String? {
        provisioner.others.contains { $0.account == role.account } ? role.account : nil
    }
    private var iam: IAMClient { provisioner.iam(in: account) }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let duration = role.maximumSession.map { "\($0)" }
        try await provisioner.findHost()
        guard provisioner.isHostKnown, let found = try await read() else {
            let trust = PolicyDocument([statement])
            var parameters = [("RoleName", role.name), ("AssumeRolePolicyDocument", trust.text)]
            if let duration { parameters.append(("MaxSessionDuration", duration)) }
            parameters.append(("Description", description))
            return ProvisioningFinding(
                existing: nil,
                changes: [
                    change(
                        "create the role \"\(role.name)\"", PolicyDocument.differences(from: nil, to: trust),
                        IAMClient.Call("CreateRole", on: role.name, parameters).tags(provisioner.tags))
                ] + role.policies.map(attachment))
        }
        let ownership = provisioner.names?.ownership(of: found.tags)
        try provisioner.rejectForeign(ownership, "the role \"\(role.name)\"")
        let isOurs = ownership == .ours
        if !isOurs { provisioner.state.update { $0.isAdopted.insert(id) } }
        var changes: [ProvisioningChange] = []
        let trust =
            isOurs
            ? PolicyDocument([statement])
            : (found.trust ?? PolicyDocument([])).setting(provisioner.statementID, statement)
        if !PolicyDocument.isEquivalent(found.trust?.json, trust.json) {
            changes.append(
                change(
                    "write the trust policy", PolicyDocument.differences(from: found.trust, to: trust),
                    IAMClient.Call(
                        "UpdateAssumeRolePolicy", on: role.name,
                        [("RoleName", role.name), ("PolicyDocument", trust.text)])))
        }
        if let duration, found.maximumSession != duration {
            changes.append(
                change(
                    "set the maximum session duration", ["- \(found.maximumSession)", "+ \(duration)"],
                    IAMClient.Call(
                        "UpdateRole", on: role.name, [("RoleName", role.name), ("MaxSessionDuration", duration)])))
        }
        let attached = try await policies()
        changes += role.policies.filter { !attached.contains($0) }.map(attachment)
        let missing = (isOurs ? provisioner.tags : provisioner.names?.adoptedTags ?? [])
            .filter { !found.tags.contains($0) }
        if !missing.isEmpty {
            changes.append(
                change(
                    "tag the role", missing.map { "+ \($0.key)=\($0.value)" },
                    IAMClient.Call("TagRole", on: role.name, [("RoleName", role.name)]).tags(missing)))
        }
        return ProvisioningFinding(existing: found.arn, changes: changes)
    }

    /// Says who could assume the role as it is.
    func check() async throws(ProvisioningError) -> ProvisioningCheck {
        guard let (arn, review) = try await review() else {
            throw ProvisioningError(.permanent, "there is no role \(arn); create it, or correct the name")
        }
        return ProvisioningCheck(resource: arn, summary: review.summary, errors: review.errors)
    }

    /// The role's ARN, and who could assume it; nil where there is no such role.
    func review() async throws(ProvisioningError) -> (arn: String, trust: TrustReview)? {
        try await provisioner.findHost()
        guard let found = try await read() else { return nil }
        guard let trust = found.trust else {
            throw ProvisioningError(.permanent, "the trust policy of \(arn) cannot be parsed")
        }
        let review = TrustReview(
            trust, provider: provisioner.providerARN(in: account),
            issuer: provisioner.issuerName, audiences: provisioner.request.audiences,
            subjectTemplate: provisioner.request.subjectTemplate)
        return (found.arn, review)
    }

    private struct Found: Sendable {
        let arn: String
        let trust: PolicyDocument?
        let maximumSession: String
        let tags: [ResourceTag]
    }

    private func read() async throws(ProvisioningError) -> Found? {
        let (name, iam) = (role.name, iam)
        let found = try await provisioner.run { () throws(CallFailure) in
            try await iam.find(IAMClient.Call("GetRole", on: name, [("RoleName", name)]))
        }
        guard let element = found?["Role"], let arn = element["Arn"]?.text else { return nil }
        return Found(
            arn: arn,
            trust: element["AssumeRolePolicyDocument"].flatMap {
                PolicyDocument(parsing: Array(IAMClient.policy($0.text).utf8))
            }, maximumSession: element["MaxSessionDuration"]?.text ?? "3600",
            tags: (element["Tags"]?.children ?? []).compactMap(ResourceTag.init))
    }

    /// The policies that are attached to the role.
    func policies() async throws(ProvisioningError) -> [String] {
        guard !role.policies.isEmpty else { return [] }
        let (name, iam) = (role.name, iam)
        var marker: String?
        var found: [String] = []
        repeat {
            let call = IAMClient.Call(
                "ListAttachedRolePolicies", on: name,
                [("RoleName", name)] + (marker.map { [("Marker", $0)] } ?? []))
            let page = try await provisioner.run { () throws(CallFailure) in try await iam.send(call) }
            found += (page["AttachedPolicies"]?.children ?? []).compactMap { $0["PolicyArn"]?.text }
            let next = page["IsTruncated"]?.text == "true" ? page["Marker"]?.text : nil
            marker = next == marker ? nil : next
        } while marker != nil
        return found
    }

    private func attachment(_ policy: String) -> ProvisioningChange {
        change(
            "attach the policy \(policy)", ["+ \(policy)"],
            IAMClient.Call("AttachRolePolicy", on: role.name, [("RoleName", role.name), ("PolicyArn", policy)]))
    }

    private func change(_ title: String, _ differences: [String], _ call: IAMClient.Call) -> ProvisioningChange {
        let iam = iam
        return ProvisioningChange(title, differences: differences, request: iam.text(call)) {
            () throws(ProvisioningError) in
            try await provisioner.run { () throws(CallFailure) in _ = try await iam.send(call) }
        }
    }

    var statement: JSONValue {
        let claims = provisioner.request.claims
        return TrustStatement(
            sid: provisioner.names == nil ? nil : provisioner.statementID,
            provider: provisioner.providerARN(in: account), issuer: provisioner.issuerName,
            audiences: provisioner.request.audiences, subjects: role.subjects,
            allowsSessionTags: role.allowsSessionTags || claims.contains(Self.tagsClaim),
            allowsSourceIdentity: claims.contains(Self.sourceIdentityClaim)
        ).json
    }
}

extension Provisioner {
    /// Finds the distribution where roles alone are provisioned, and the configuration has no host.
    ///
    /// - Throws: where there is none: a role must not trust a host that is not known.
    func findHost() async throws(ProvisioningError) {
        guard request.isForRolesOnly, !isHostKnown else { return }
        _ = try await DistributionStep(provisioner: self).inspect()
        guard isHostKnown else {
            throw ProvisioningError(
                .permanent,
                "the issuer's host is not known before the distribution exists; provision the endpoint first, or set "
                    + "issuer.host")
        }
    }
}
