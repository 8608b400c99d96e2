import AWSXML
import GatewayPluginAPI

/// The IAM OIDC provider of the issuer, with the endpoint's audiences. Client IDs of others stay.
struct IdentityProviderStep: ProvisioningStep {
    let id = "identity-provider"
    let title = "IAM OIDC provider of the issuer"
    let provisioner: Provisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let (arn, iam) = (provisioner.providerARN, provisioner.iam)
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
        var changes = provisioner.request.audiences.filter { !found.audiences.contains($0) }.map { audience in
            change(
                "add the client ID \(Quotation.of(audience))", differences: ["+ \(audience)"],
                IAMClient.Call(
                    "AddClientIDToOpenIDConnectProvider", on: arn,
                    [("OpenIDConnectProviderArn", arn), ("ClientID", audience)]), iam)
        }
        let missing = (ownership == .ours ? provisioner.tags : provisioner.names?.adoptedTags ?? [])
            .filter { !found.tags.contains($0) }
        if !missing.isEmpty {
            changes.append(
                change(
                    "tag the OIDC provider", differences: missing.map { "+ \($0.key)=\($0.value)" },
                    IAMClient.Call("TagOpenIDConnectProvider", on: arn, [("OpenIDConnectProviderArn", arn)]).tags(
                        missing),
                    iam))
        }
        return ProvisioningFinding(existing: arn, changes: changes)
    }

    struct Provider: Sendable {
        let audiences: [String]
        let tags: [ResourceTag]
    }

    func read() async throws(ProvisioningError) -> Provider? {
        let arn = provisioner.providerARN
        let found = try await provisioner.run { () throws(CallFailure) in
            try await provisioner.iam.find(
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
