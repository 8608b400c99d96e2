import CloudAPI
import GatewayPluginAPI
import JSON

/// The storage account. One that existed before stays as it is.
struct AccountStep: ProvisioningStep {
    let id = "account"
    let title = "storage account of the documents"
    let provisioner: AzureProvisioner
    let storage: DocumentStorage
    let names: CredentialNames

    /// Blobs of public containers can be read without credentials; account keys cannot be used.
    private static let properties: JSONValue = [
        "allowBlobPublicAccess": true, "allowSharedKeyAccess": false, "minimumTlsVersion": "TLS1_2",
        "supportsHttpsTrafficOnly": true,
    ]

    private var path: String { storage.place.accountPath + DocumentStorage.version }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let place = storage.place
        guard let found = try await storage.find(provisioner, path) else {
            return ProvisioningFinding(existing: nil, changes: [try await creation()])
        }
        let (tags, properties) = (found["tags"], found["properties"])
        let state = properties?["provisioningState"]?.stringValue ?? "Succeeded"
        guard state == "Succeeded" else {
            return ProvisioningFinding(
                existing: nil, waiting: "Azure creates the storage account (\(Quotation.of(state)))")
        }
        guard names.own(tags) else {
            guard tags?[CredentialNames.ownerKey] == nil else {
                throw ProvisioningError(
                    .permanent,
                    "the storage account \(place.account) belongs to another installation, as its tags say; use another "
                        + "publish.account")
            }
            guard properties?["allowBlobPublicAccess"] != false else {
                throw ProvisioningError(
                    .permanent,
                    "the storage account \(place.account) does not allow public blobs, so Entra cannot read the documents; "
                        + "use another publish.account, or allow it: az storage account update --name \(place.account) "
                        + "--allow-blob-public-access true")
            }
            return ProvisioningFinding(existing: "\(place.accountPath), which existed before")
        }
        let differing = Self.properties.memberList.filter { properties?[$0.name] != $0.value }
        guard !differing.isEmpty else { return ProvisioningFinding(existing: place.accountPath) }
        let body: JSONValue = ["properties": .object(differing)]
        return ProvisioningFinding(
            existing: place.accountPath,
            changes: [
                storage.change(
                    provisioner, "correct the storage account \(place.account)",
                    differing.flatMap { member in
                        (properties?[member.name].map { ["- \(member.name): \($0.text)"] } ?? [])
                            + ["+ \(member.name): \(member.value.text)"]
                    }, "PATCH", path, body)
            ])
    }

    private func creation() async throws(ProvisioningError) -> ProvisioningChange {
        let place = storage.place
        let group = try await storage.find(provisioner, "\(place.groupPath)?api-version=2021-04-01")
        guard let location = group?["location"]?.stringValue else {
            throw ProvisioningError(
                .permanent,
                "there is no resource group \(Quotation.of(place.group)) in the subscription \(place.subscription); create "
                    + "it: az group create --name \(place.group) --location LOCATION")
        }
        let body: JSONValue = [
            "location": .string(location), "kind": "StorageV2", "sku": ["name": "Standard_LRS"], "tags": names.tags,
            "properties": Self.properties,
        ]
        return storage.change(
            provisioner, "create the storage account \(place.account)", ["+ \(body.text)"], "PUT", path, body,
            advice: [
                "StorageAccountAlreadyTaken": "somebody else has an account of this name; set publish.account",
                "StorageAccountAlreadyExists": "it is in another resource group; set settings.resourceGroup",
            ])
    }
}

/// The public container.
struct ContainerStep: ProvisioningStep {
    let id = "container"
    let title = "public container of the documents"
    let provisioner: AzureProvisioner
    let storage: DocumentStorage
    let names: CredentialNames

    /// Names of metadata are identifiers of C#.
    static let ownerKey = "stsgatewayowner"

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let (place, path) = (storage.place, storage.place.containerPath + DocumentStorage.version)
        let found = try await storage.find(provisioner, path)
        let owner = found?["properties"]?["metadata"]?[Self.ownerKey]?.stringValue
        if let owner, owner != names.suffix {
            throw ProvisioningError(
                .permanent,
                "the container \(place.container) belongs to another installation, as its metadata say; use another "
                    + "issuer.path")
        }
        let access = found?["properties"]?["publicAccess"]?.stringValue
        if access == "Blob" || access == "Container" { return ProvisioningFinding(existing: place.url) }
        guard found == nil || owner != nil else {
            throw ProvisioningError(
                .permanent,
                "the container \(place.container) is private, and provisioning has not created it; use another issuer.path, "
                    + "or make its blobs public: az storage container set-permission --public-access blob")
        }
        let body: JSONValue = [
            "properties": ["publicAccess": "Blob", "metadata": .object([.init(Self.ownerKey, .string(names.suffix))])]
        ]
        let title = found == nil ? "create the container \(place.container)" : "make the container's blobs public"
        return ProvisioningFinding(
            existing: found.map { _ in place.url },
            changes: [
                storage.change(
                    provisioner, title, ["+ publicAccess: Blob"], found == nil ? "PUT" : "PATCH", path, body)
            ])
    }
}
