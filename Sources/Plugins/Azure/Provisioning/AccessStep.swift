import CloudAPI
import GatewayPluginAPI
import JSON

/// The publisher's permission to write blobs of the container, and nothing else (Azure RBAC).
struct AccessStep: ProvisioningStep {
    let id = "access"
    let title = "permission of the publisher"
    let provisioner: AzureProvisioner
    let storage: DocumentStorage
    let holder: CredentialHolder

    /// Storage Blob Data Contributor ("Azure built-in roles").
    static let role = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
    static let version = "2022-04-01"

    var roleDefinition: String {
        "/subscriptions/\(storage.place.subscription)/providers/Microsoft.Authorization/roleDefinitions/\(Self.role)"
    }

    /// The path of the assignment that provisioning creates. Its name never changes for an identity.
    func path(_ principal: String) -> String {
        let scope = storage.place.containerPath
        let digits = Array(
            (0..<4).map { ResourceName.suffix(cluster: scope, endpoint: principal, owner: "\($0)") }.joined().prefix(32)
        )
        let name = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
        return "\(scope)/providers/Microsoft.Authorization/roleAssignments/\(name)"
    }

    /// The object id of the identity; nil where it does not exist.
    func principal() async throws(ProvisioningError) -> String? {
        let found = try await storage.find(provisioner, holder.identityPath)
        return found?["properties"]?["principalId"]?.stringValue
    }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let principal = try await principal()
        if let principal, let existing = try await assignment(of: principal) {
            return ProvisioningFinding(existing: "Storage Blob Data Contributor of \(existing)")
        }
        let body: JSONValue = [
            "properties": [
                "roleDefinitionId": .string(roleDefinition),
                "principalId": .string(principal ?? "${identity.principalId}"), "principalType": "ServicePrincipal",
            ]
        ]
        let path = path(principal ?? "${identity.principalId}") + "?api-version=\(Self.version)"
        return ProvisioningFinding(
            existing: nil,
            changes: [
                storage.change(
                    provisioner, "assign Storage Blob Data Contributor of the container to the publisher",
                    ["+ \(body.text)"], "PUT", path, body)
            ])
    }

    /// The scope of an assignment that gives the permission: the container, or what has it.
    private func assignment(of principal: String) async throws(ProvisioningError) -> String? {
        let scope = storage.place.containerPath
        let query = "?api-version=\(Self.version)&$filter=principalId%20eq%20'\(principal)'"
        let list = try await provisioner.run { () throws(PublishError) in
            try await storage.client.list("\(scope)/providers/Microsoft.Authorization/roleAssignments\(query)")
        }
        return (list ?? []).lazy.compactMap { assignment -> String? in
            let values = assignment["properties"]
            guard let found = values?["scope"]?.stringValue,
                values?["principalId"]?.stringValue?.lowercased() == principal.lowercased(),
                values?["roleDefinitionId"]?.stringValue?.lowercased().hasSuffix(Self.role) ?? false,
                values?["condition"]?.stringValue == nil,
                (scope + "/").lowercased().hasPrefix(found.lowercased() + "/")
            else { return nil }
            return found
        }.first
    }
}

/// The first upload of the documents.
struct BlobDocumentsStep: ProvisioningStep {
    let id = "documents"
    let title = "documents of the issuer"
    let provisioner: AzureProvisioner
    let storage: DocumentStorage

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let place = storage.place
        let publish = try await storage.completePublish(provisioner)
        let container = try await storage.find(provisioner, place.containerPath + DocumentStorage.version)
        if let publish { try storage.issuer.isKnown(host: place.host, publish: publish) }
        let upload = FirstUpload(
            of: storage.issuer, documents: provisioner.request.documents, host: place.host,
            publish: publish ?? .object([]),
            request: place.documents.map { "PUT \(place.url)/\($0)" }.joined(separator: "\n"))
        do {
            return try await upload.finding(isReady: publish != nil && container != nil)
        } catch {
            guard error.message.contains("status 403") else { throw error }
            throw ProvisioningError(
                .permanent,
                "\(error.message); you need it too for the first upload: az role assignment create --role \"Storage Blob "
                    + "Data Contributor\" --assignee YOU --scope \(place.accountPath); a new assignment takes minutes")
        }
    }
}

/// Waits until the issuer URL serves the documents.
struct ServedContainerStep: ProvisioningStep {
    let id = "serving"
    let title = "issuer URL that serves the documents"
    let provisioner: AzureProvisioner
    let storage: DocumentStorage

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        guard let publish = try await storage.completePublish(provisioner) else {
            return ProvisioningFinding(existing: nil, waiting: "the publisher's identity does not exist yet")
        }
        let problem = try await storage.issuer.servingProblem(host: storage.place.host, publish: publish)
        return ProvisioningFinding(existing: provisioner.issuerURL, waiting: problem)
    }
}
