import AWSXML
import GatewayPluginAPI

/// The IAM OIDC provider of the issuer, with the endpoint's audiences. Client IDs of others stay.
struct IdentityProviderStep: ProvisioningStep {
    let provisioner: Provisioner
    /// nil for the account of the bucket.
    let account: String?

    var id: String { "identity-provider" + (account.map { "-\($0)" } ?? "") }
    var title: String { "IAM OIDC provider of the issuer" + (account.map { " in the account \($0)" } ?? "") }
    var arn: String { provisioner.providerARN(in: account) }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let iam = provisioner.iam(in: account)
        guard provisioner.isHostKnown, let found = try await read() else {
            return ProvisioningFinding(
                existing: nil,
                changes: [
                    change(
                        "create the OIDC provider",
                        IAMClient.Call(
                            "CreateOpenIDConnectProvider", on: arn,
                            [("Url", "https://\(provisioner.issuerName)")]
                        ).list("ClientIDList", provisioner.request.audiences).tags(provisioner.tags), iam)
                ])
        }
        let ownership = provisioner.names?.ownership(of: found.tags)
        try provisioner.rejectForeign(ownership, "the OIDC provider \(arn)")
        if ownership != .ours { provisioner.state.update { $0.isAdopted.insert(id) } }
        let absent = provisioner.request.audiences.filter { !found.audiences.contains($0) }
        let missing = wantedTags(ownership, found, absent).filter { !found.tags.contains($0) }
        var changes: [ProvisioningChange] = []
        // Before the client IDs: what is not recorded as added is never removed.
        if !missing.isEmpty {
            changes.append(
                change(
                    "tag the OIDC provider", differences: missing.map { "+ \($0.key)=\($0.value)" },
                    IAMClient.Call("TagOpenIDConnectProvider", on: arn, [("OpenIDConnectProviderArn", arn)]).tags(
                        missing),
                    iam))
        }
        changes += absent.map { audience in
            change(
                "add the client ID \(Quotation.of(audience))", differences: ["+ \(audience)"],
                IAMClient.Call(
                    "AddClientIDToOpenIDConnectProvider", on: arn,
                    [("OpenIDConnectProviderArn", arn), ("ClientID", audience)]), iam)
        }
        return ProvisioningFinding(existing: arn, changes: changes)
    }

    private func wantedTags(
        _ ownership: ProvisionedNames.Ownership?, _ found: Provider, _ absent: [String]
    ) -> [ResourceTag] {
        guard ownership != .ours else { return provisioner.tags }
        let tags = provisioner.names?.adoptedTags ?? []
        guard !absent.isEmpty else { return tags }
        let added = found.added + absent.filter { !found.added.contains($0) }
        guard let tag = ResourceTag(added: added) else { return tags }
        return tags + [tag]
    }

    struct Provider: Sendable {
        let audiences: [String]
        let tags: [ResourceTag]

        /// The client IDs that provisioning has added to an adopted provider.
        var added: [String] { tags.value(ProvisionedNames.addedKey)?.split(separator: " ").map(String.init) ?? [] }
    }

    func read() async throws(ProvisioningError) -> Provider? {
        let (arn, iam) = (arn, provisioner.iam(in: account))
        let found = try await provisioner.run { () throws(CallFailure) in
            try await iam.find(
                IAMClient.Call("GetOpenIDConnectProvider", on: arn, [("OpenIDConnectProviderArn", arn)]))
        }
        guard let found else { return nil }
        return Provider(
            audiences: (found["ClientIDList"]?.children ?? []).map(\.text),
            tags: (found["Tags"]?.children ?? []).compactMap(ResourceTag.init))
    }

    private func change(
        _ title: String, differences: [String] = [], _ call: IAMClient.Call, _ iam: IAMClient
    ) -> ProvisioningChange {
        ProvisioningChange(title, differences: differences, request: iam.text(call)) { () throws(ProvisioningError) in
            try await provisioner.run { () throws(CallFailure) in _ = try await iam.send(call) }
        }
    }
}

extension ResourceTag {
    /// The record of added client IDs; nil where they do not fit into a tag's value (IAM API Reference, Tag).
    init?(added: [String]) {
        let value = added.joined(separator: " ")
        guard value.count <= 256,
            value.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || " _.:/=+-@".contains($0)) })
        else { return nil }
        self.init(ProvisionedNames.addedKey, value)
    }
}
