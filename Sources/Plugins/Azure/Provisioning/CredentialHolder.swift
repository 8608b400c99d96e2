import CloudAPI
import GatewayPluginAPI
import JSON

/// An app registration or a managed identity, and the calls on its federated credentials.
struct CredentialHolder: Sendable {
    let name: IdentityName
    let client: AzureClient
    /// The path of the identity, with its first slash.
    let path: String
    /// For messages.
    let title: String

    /// Azure allows 20 federated credentials for each app or identity ("Important considerations and restrictions for
    /// federated identity credentials").
    static let maximum = 20

    /// The version of `Microsoft.ManagedIdentity`.
    static let version = "2024-11-30"

    /// - Parameter subscription: of a managed identity.
    static func managed(_ group: String, _ name: String, subscription: String, _ client: AzureClient) -> Self {
        Self(
            name: .managed(group: group, name: name), client: client,
            path: "/subscriptions/\(subscription)/resourceGroups/\(group)/providers/Microsoft.ManagedIdentity/"
                + "userAssignedIdentities/\(name)",
            title: "the managed identity \(Quotation.of("\(group)/\(name)"))")
    }

    static func application(_ id: UUIDText, _ client: AzureClient) -> Self {
        Self(
            name: .application(id), client: client, path: "/v1.0/applications(appId='\(id.rawValue)')",
            title: "the app registration \(id.rawValue)")
    }

    /// The managed identity of a path of Azure Resource Manager; nil for another path.
    static func managed(_ path: String, _ client: AzureClient) -> Self? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 9, parts[0].isEmpty, parts[1].lowercased() == "subscriptions",
            UUIDText(parts[2]) != nil, parts[3].lowercased() == "resourcegroups",
            parts[7].lowercased() == "userassignedidentities",
            case .managed(let group, let name)? = IdentityName("\(parts[4])/\(parts[8])")
        else { return nil }
        return managed(group, name, subscription: parts[2], client)
    }

    private var isManaged: Bool { if case .managed = name { true } else { false } }
    private var query: String { isManaged ? "?api-version=\(Self.version)" : "" }

    /// The path of the identity with its version.
    var identityPath: String { path + query }

    /// - Returns: nil where the identity does not exist.
    func credentials() async throws(PublishError) -> [FederatedCredential]? {
        try await client.list("\(path)/federatedIdentityCredentials\(query)")?.compactMap(FederatedCredential.init)
    }

    /// The request that writes a credential.
    func writing(_ credential: FederatedCredential, isNew: Bool) -> (method: String, path: String, body: JSONValue) {
        let list = "\(path)/federatedIdentityCredentials"
        if isManaged { return ("PUT", "\(list)/\(credential.name)\(query)", ["properties": credential.values]) }
        guard isNew else { return ("PATCH", "\(list)/\(credential.name)", credential.values) }
        return ("POST", list, .object([.init("name", .string(credential.name))] + credential.values.memberList))
    }

    func removing(_ credential: String) -> (method: String, path: String) {
        ("DELETE", "\(path)/federatedIdentityCredentials/\(credential)\(query)")
    }
}
