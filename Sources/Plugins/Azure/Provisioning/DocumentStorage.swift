import CloudAPI
import GatewayPluginAPI
import JSON

/// The storage account, the container and the identity of the publisher: what the steps share.
struct DocumentStorage: Sendable {
    let place: StoragePlace
    let tenant: UUIDText
    /// Azure Resource Manager.
    let client: AzureClient
    let blobs: BlobClient
    let issuer: any ProvisionedIssuer
    /// The `publish` block as configured.
    let publish: JSONValue?

    /// The version of `Microsoft.Storage`.
    static let version = "?api-version=2023-05-01"

    /// Whether the gateway publishes with its own token, and so needs an identity.
    private var isSelfIssued: Bool {
        publish?["credentials"]?.elementList?.contains("self") ?? true
    }

    /// The identity that writes the documents, and its only subject; nil where it has no name yet, or none is needed.
    func publisher(_ provisioner: AzureProvisioner) -> (role: ProvisioningRole, holder: CredentialHolder)? {
        guard isSelfIssued, let names = provisioner.names else { return nil }
        return (
            ProvisioningRole(
                name: "\(place.group)/\(names.publisher)", subjects: [provisioner.request.publisherSubject]),
            .managed(place.group, names.publisher, subscription: place.subscription, client)
        )
    }

    func steps(_ provisioner: AzureProvisioner) -> [any ProvisioningStep] {
        guard let names = provisioner.names else { return [UnnamedStorageStep(storage: self)] }
        var steps: [any ProvisioningStep] = [
            AccountStep(provisioner: provisioner, storage: self, names: names),
            ContainerStep(provisioner: provisioner, storage: self, names: names),
        ]
        if let publisher = publisher(provisioner) {
            steps += provisioner.steps(for: publisher.role, publisher.holder)
            steps.append(AccessStep(provisioner: provisioner, storage: self, holder: publisher.holder))
        }
        return steps + [
            BlobDocumentsStep(provisioner: provisioner, storage: self),
            ServedContainerStep(provisioner: provisioner, storage: self),
        ]
    }

    /// Reads a resource; nil where it does not exist.
    func find(_ provisioner: AzureProvisioner, _ path: String) async throws(ProvisioningError) -> JSONValue? {
        try await provisioner.run { () throws(PublishError) in try await client.find(path) }
    }

    /// A change by one request to Azure Resource Manager.
    ///
    /// - Parameter advice: of error codes that a repetition does not remove, what to do.
    func change(
        _ provisioner: AzureProvisioner, _ title: String, _ differences: [String] = [], _ method: String,
        _ path: String,
        _ body: JSONValue? = nil, advice: [String: String] = [:]
    ) -> ProvisioningChange {
        let request = "\(method) \(client.base)\(path)" + (body.map { "\n\($0.text)" } ?? "")
        return ProvisioningChange(title, differences: differences, request: request) { () throws(ProvisioningError) in
            let expected: Set<Int> = method == "DELETE" ? [404] : [400, 409]
            let answer = try await provisioner.run { () throws(PublishError) in
                try await client.send(method, path, body, expected: expected)
            }
            guard method != "DELETE", expected.contains(answer.status) else { return }
            let failure = ServiceFailure(answer.response, answer.json)
            if let advice = advice[failure.code] {
                throw ProvisioningError(.permanent, failure.error(call: title, advice: advice).message)
            }
            // A new identity is not known everywhere at once.
            let isTransient = failure.status == 409 || failure.code == "PrincipalNotFound"
            throw ProvisioningError(isTransient ? .transient : .permanent, failure.error(call: title).message)
        }
    }

    /// The `publish` block with all keys; nil before the identity exists.
    ///
    /// - Throws: where `publish.client` is another identity.
    func completePublish(_ provisioner: AzureProvisioner) async throws(ProvisioningError) -> JSONValue? {
        var members: [(String, JSONValue)] = [
            ("account", .string(place.account)), ("container", .string(place.container)),
            ("tenant", .string(tenant.rawValue)),
        ]
        if let publisher = publisher(provisioner) {
            let found = try await find(provisioner, publisher.holder.identityPath)
            let configured = publish?["client"]?.stringValue
            guard let client = found?["properties"]?["clientId"]?.stringValue else {
                if configured == nil { return nil }
                throw other(configured, than: nil)
            }
            if let configured, configured.lowercased() != client.lowercased() { throw other(configured, than: client) }
            members.append(("client", .string(client)))
        }
        let given = publish?.memberList ?? []
        return .object(
            given
                + members.filter { name, _ in !given.contains { $0.name == name } }.map { JSONValue.Member($0, $1) })
    }

    private func other(_ configured: String?, than client: String?) -> ProvisioningError {
        ProvisioningError(
            .permanent,
            "publish.client is \(Quotation.of(configured ?? "")), but the identity that is provisioned "
                + (client.map { "has the client id \($0)" } ?? "does not exist yet")
                + "; remove publish.client, or provision.serving")
    }
}

/// The storage in a plan where the key ring does not exist yet: the names depend on it.
struct UnnamedStorageStep: ProvisioningStep {
    let id = "account"
    let title = "storage of the documents"
    let storage: DocumentStorage

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let (client, place) = (storage.client, storage.place)
        let creations = [
            ("the storage account", place.accountPath), ("the container \(place.container)", place.containerPath),
            (
                "the publisher's identity",
                "\(place.groupPath)/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${identity.name}"
            ),
        ]
        return ProvisioningFinding(
            existing: nil,
            changes: creations.map { title, path in
                ProvisioningChange("create \(title)", request: "PUT \(client.base)\(path)") {
                    () throws(ProvisioningError) in
                    throw ProvisioningError(.permanent, "there is no key ring yet")
                }
            })
    }
}
