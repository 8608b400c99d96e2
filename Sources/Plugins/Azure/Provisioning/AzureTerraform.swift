import CloudAPI
import GatewayPluginAPI
import JSON

/// The identities and credentials as Terraform configuration, with `import` blocks for what exists.
struct AzureTerraform: Sendable {
    let text: String

    /// Reads what exists.
    init(_ provisioner: AzureProvisioner) async throws(ProvisioningError) {
        var blocks = [
            "# The identities that trust the endpoint \(provisioner.request.name) of the STS Gateway.",
            HCL.block(
                "terraform", [],
                [
                    .block(
                        "required_providers",
                        [
                            .attribute("azurerm", Self.source("hashicorp/azurerm", ">= 4.0")),
                            .attribute("azuread", Self.source("hashicorp/azuread", ">= 3.0")),
                        ])
                ]),
        ]
        let storage = provisioner.request.isForRolesOnly ? nil : provisioner.storage
        if let storage { blocks += try await StorageTerraform(provisioner, storage).blocks }
        for (role, holder) in provisioner.holders + (storage?.publisher(provisioner).map { [$0] } ?? []) {
            blocks += try await Self.blocks(provisioner, role, holder)
        }
        text = blocks.joined(separator: "\n\n") + "\n"
    }

    private static func blocks(
        _ provisioner: AzureProvisioner, _ role: ProvisioningRole, _ holder: CredentialHolder
    ) async throws(ProvisioningError) -> [String] {
        let existing = try await provisioner.run { () throws(PublishError) in try await holder.credentials() }
        let local = "sts_" + identifier(role.name)
        var blocks: [String] = []
        let parent: HCL.Expression
        switch holder.name {
        case .managed(let group, let name):
            let found = try await provisioner.run { () throws(PublishError) in
                try await holder.client.find(holder.identityPath)
            }
            if found == nil || provisioner.names?.own(found?["tags"]) ?? false {
                let tags = provisioner.names?.tags.stringMap.sorted { $0.key < $1.key } ?? []
                if found != nil {
                    blocks.append(importing("azurerm_user_assigned_identity.\(local)", .text(holder.path)))
                }
                blocks.append(
                    HCL.block(
                        "resource", ["azurerm_user_assigned_identity", local],
                        [
                            .attribute("name", .text(name)), .attribute("resource_group_name", .text(group)),
                            .attribute("location", .expression("data.azurerm_resource_group.\(local).location")),
                            .attribute("tags", .map(tags.map { ($0.key, .text($0.value)) })),
                        ]))
                blocks.append(
                    HCL.block("data", ["azurerm_resource_group", local], [.attribute("name", .text(group))]))
                parent = .expression("azurerm_user_assigned_identity.\(local).id")
            } else {
                parent = .text(holder.path)
            }
        case .application(let id):
            blocks.append(
                HCL.block("data", ["azuread_application", local], [.attribute("client_id", .text(id.rawValue))]))
            parent = .expression("data.azuread_application.\(local).id")
        }
        for subject in role.subjects {
            let credential = provisioner.credential(of: subject)
            let isFound = (existing ?? []).contains { $0.name == credential.name }
            let resource = "\(local)_\(identifier(subject))"
            let values: [HCL.Item] = [
                .attribute("issuer", .text(credential.issuer)), .attribute("subject", .text(credential.subject)),
            ]
            let audiences = HCL.Expression.list(credential.audiences.map { .text($0) })
            switch holder.name {
            case .managed(let group, _):
                let type = "azurerm_federated_identity_credential"
                if isFound {
                    blocks.append(
                        importing(
                            "\(type).\(resource)",
                            .text("\(holder.path)/federatedIdentityCredentials/\(credential.name)")))
                }
                blocks.append(
                    HCL.block(
                        "resource", [type, resource],
                        [
                            .attribute("name", .text(credential.name)), .attribute("resource_group_name", .text(group)),
                            .attribute("parent_id", parent), .attribute("audience", audiences),
                        ] + values))
            case .application:
                let type = "azuread_application_federated_identity_credential"
                blocks.append(
                    HCL.block(
                        "resource", [type, resource],
                        [
                            .attribute("application_id", parent),
                            .attribute("display_name", .text(credential.name)), .attribute("audiences", audiences),
                        ] + values))
                if isFound {
                    blocks.append(
                        "# It exists: terraform import \(type).\(resource) OBJECT-ID/federatedIdentityCredential/CREDENTIAL-ID"
                    )
                }
            }
        }
        return blocks
    }

    static func source(_ source: String, _ version: String) -> HCL.Expression {
        .map([("source", .text(source)), ("version", .text(version))])
    }

    static func importing(_ resource: String, _ id: HCL.Expression) -> String {
        HCL.block("import", [], [.attribute("to", .expression(resource)), .attribute("id", id)])
    }

    static func identifier(_ text: String) -> String {
        text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "_" }.joined()
    }
}
