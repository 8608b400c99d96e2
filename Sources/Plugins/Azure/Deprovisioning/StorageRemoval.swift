import CloudAPI
import GatewayPluginAPI
import JSON

extension DocumentStorage {
    func removals(_ provisioner: AzureProvisioner) -> [any ProvisioningStep] {
        guard let names = provisioner.names else { return [] }
        var steps: [any ProvisioningStep] = []
        if let publisher = publisher(provisioner) {
            steps = [
                AccessRemoval(step: AccessStep(provisioner: provisioner, storage: self, holder: publisher.holder)),
                CredentialsRemoval(provisioner: provisioner, role: publisher.role, holder: publisher.holder),
            ]
        }
        return steps + [
            ContainerRemoval(provisioner: provisioner, storage: self, names: names),
            AccountRemoval(provisioner: provisioner, storage: self, names: names),
        ]
    }
}

/// Deletes the publisher's permission. An assignment that somebody else has made stays.
struct AccessRemoval: ProvisioningStep {
    let id = "access"
    let title = "permission of the publisher"
    let step: AccessStep

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        guard let principal = try await step.principal() else { return ProvisioningFinding(existing: nil) }
        let path = step.path(principal) + "?api-version=\(AccessStep.version)"
        guard try await step.storage.find(step.provisioner, path) != nil else {
            return ProvisioningFinding(existing: nil)
        }
        return ProvisioningFinding(
            existing: nil,
            changes: [
                step.storage.change(step.provisioner, "delete the publisher's role assignment", [], "DELETE", path)
            ])
    }
}

/// Deletes the container that provisioning has created, unless it has other blobs than the two documents.
struct ContainerRemoval: ProvisioningStep {
    let id = "container"
    let title = "public container of the documents"
    let provisioner: AzureProvisioner
    let storage: DocumentStorage
    let names: CredentialNames

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let (place, path) = (storage.place, storage.place.containerPath + DocumentStorage.version)
        guard let found = try await storage.find(provisioner, path) else { return ProvisioningFinding(existing: nil) }
        guard found["properties"]?["metadata"]?[ContainerStep.ownerKey]?.stringValue == names.suffix else {
            return ProvisioningFinding(
                existing: place.url, kept: ["the container \(place.container): it was not created by this endpoint"])
        }
        let list = try await provisioner.run { () throws(PublishError) in
            try await storage.blobs.get(
                "\(place.service)/\(place.container)?restype=container&comp=list&maxresults=100", unless: nil)
        }
        guard let blobs = BlobList(list.body), blobs.names.allSatisfy(place.documents.contains) else {
            return ProvisioningFinding(
                existing: place.url, kept: ["the container \(place.container): it has other blobs"])
        }
        return ProvisioningFinding(
            existing: place.url,
            changes: [
                storage.change(
                    provisioner, "delete the container \(place.container)", blobs.names.map { "- \($0)" }, "DELETE",
                    path
                )
            ])
    }
}

/// Deletes the storage account that provisioning has created, unless it stores something else.
struct AccountRemoval: ProvisioningStep {
    let id = "account"
    let title = "storage account of the documents"
    let provisioner: AzureProvisioner
    let storage: DocumentStorage
    let names: CredentialNames

    private static let contents = [
        "blobServices/default/containers", "fileServices/default/shares", "queueServices/default/queues",
        "tableServices/default/tables",
    ]

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let (place, path) = (storage.place, storage.place.accountPath + DocumentStorage.version)
        guard let found = try await storage.find(provisioner, path) else { return ProvisioningFinding(existing: nil) }
        guard names.own(found["tags"]) else {
            return ProvisioningFinding(
                existing: place.account,
                kept: ["the storage account \(place.account): it was not created by this endpoint"])
        }
        for kind in Self.contents {
            let list = try await provisioner.run { () throws(PublishError) in
                try await storage.client.list("\(place.accountPath)/\(kind)\(DocumentStorage.version)")
            }
            let isContainers = kind == Self.contents[0]
            let others = (list ?? []).compactMap { $0["name"]?.stringValue }.filter {
                !isContainers || $0 != place.container
            }
            let word = kind.split(separator: "/").last.map { String($0) } ?? kind
            guard others.isEmpty else {
                return ProvisioningFinding(
                    existing: place.account, kept: ["the storage account \(place.account): it has other \(word)"])
            }
        }
        let container = try await storage.find(provisioner, place.containerPath + DocumentStorage.version)
        let owner = container?["properties"]?["metadata"]?[ContainerStep.ownerKey]?.stringValue
        guard container == nil || owner == names.suffix else {
            return ProvisioningFinding(
                existing: place.account,
                kept: ["the storage account \(place.account): it has the container \(place.container)"])
        }
        return ProvisioningFinding(
            existing: place.account,
            changes: [
                storage.change(provisioner, "delete the storage account \(place.account)", [], "DELETE", path)
            ])
    }
}

/// The names in a response of List Blobs (XML).
struct BlobList: Sendable {
    /// As written: a name with escaped characters is none of the documents.
    let names: [String]

    /// - Returns: nil where the list is not one, or not complete.
    init?(_ body: [UInt8]) {
        guard let text = String(validating: body, as: UTF8.self), text.contains("<EnumerationResults"),
            text.contains("<NextMarker/>") || text.contains("<NextMarker />")
                || text.contains("<NextMarker></NextMarker>")
        else { return nil }
        names = text.split(separator: "<Name>").dropFirst().map { part in
            String(part[..<(part.firstRange(of: "</Name>")?.lowerBound ?? part.endIndex)])
        }
    }
}
