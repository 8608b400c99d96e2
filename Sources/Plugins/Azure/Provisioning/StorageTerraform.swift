import CloudAPI
import GatewayPluginAPI
import JSON

/// The storage account, the container and the publisher's permission as Terraform configuration. The identity is one of the
/// others of ``AzureTerraform``.
struct StorageTerraform: Sendable {
    let blocks: [String]

    /// Reads what exists.
    init(_ provisioner: AzureProvisioner, _ storage: DocumentStorage) async throws(ProvisioningError) {
        guard let names = provisioner.names else {
            throw ProvisioningError(
                .permanent, "there is no key ring yet, and the names depend on it; add --yes to create it, or --owner")
        }
        let place = storage.place
        let found = try await storage.find(provisioner, place.accountPath + DocumentStorage.version)
        let container = try await storage.find(provisioner, place.containerPath + DocumentStorage.version)
        var blocks: [String] = []
        let account: HCL.Expression
        if found == nil || names.own(found?["tags"]) {
            if found != nil {
                blocks.append(AzureTerraform.importing("azurerm_storage_account.sts", .text(place.accountPath)))
            }
            let tags = names.tags.stringMap.sorted { $0.key < $1.key }
            blocks += [
                HCL.block("data", ["azurerm_resource_group", "sts"], [.attribute("name", .text(place.group))]),
                HCL.block(
                    "resource", ["azurerm_storage_account", "sts"],
                    [
                        .attribute("name", .text(place.account)), .attribute("resource_group_name", .text(place.group)),
                        .attribute("location", .expression("data.azurerm_resource_group.sts.location")),
                        .attribute("account_tier", .text("Standard")),
                        .attribute("account_replication_type", .text("LRS")),
                        .attribute("min_tls_version", .text("TLS1_2")),
                        .attribute("https_traffic_only_enabled", .expression("true")),
                        .attribute("allow_nested_items_to_be_public", .expression("true")),
                        .attribute("shared_access_key_enabled", .expression("false")),
                        .attribute("tags", .map(tags.map { ($0.key, .text($0.value)) })),
                    ]),
            ]
            account = .expression("azurerm_storage_account.sts.id")
        } else {
            account = .text(place.accountPath)
        }
        if container != nil {
            blocks.append(AzureTerraform.importing("azurerm_storage_container.sts", .text(place.containerPath)))
        }
        blocks.append(
            HCL.block(
                "resource", ["azurerm_storage_container", "sts"],
                [
                    .attribute("name", .text(place.container)), .attribute("storage_account_id", account),
                    .attribute("container_access_type", .text("blob")),
                    .attribute("metadata", .map([(ContainerStep.ownerKey, .text(names.suffix))])),
                ]))
        if let publisher = storage.publisher(provisioner) {
            let identity = "azurerm_user_assigned_identity.sts_\(AzureTerraform.identifier(publisher.role.name))"
            blocks.append(
                HCL.block(
                    "resource", ["azurerm_role_assignment", "sts"],
                    [
                        .attribute("scope", .expression("azurerm_storage_container.sts.id")),
                        .attribute("role_definition_name", .text("Storage Blob Data Contributor")),
                        .attribute("principal_id", .expression("\(identity).principal_id")),
                        .attribute("principal_type", .text("ServicePrincipal")),
                    ]))
        }
        self.blocks = blocks
    }
}
