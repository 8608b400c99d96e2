import CloudAPI
import GatewayPluginAPI
import JSON

/// The names and tags of what is provisioned for one endpoint. A federated credential carries no tags: it is recognized by
/// its name, which contains a hash of the key ring's owner ID, so that two clusters with equal names do not meet.
struct CredentialNames: Sendable {
    // Names of tags have no slash (Azure Resource Manager, "Use tags to organize your Azure resources").
    static let clusterKey = "sts-gateway-cluster"
    static let endpointKey = "sts-gateway-endpoint"
    static let ownerKey = "sts-gateway-owner"

    private let cluster: String
    private let endpoint: String
    private let owner: String
    /// What the names of all federated credentials of the endpoint begin with.
    let prefix: String
    /// Ten hexadecimal digits.
    let suffix: String
    /// The name of a storage account: 3 to 24 lower-case letters and digits, unique in the world.
    let account: String
    /// The name of the managed identity that publishes.
    let publisher: String

    init(cluster: String, endpoint: String, owner: String) {
        self.cluster = cluster
        self.endpoint = endpoint
        self.owner = owner
        suffix = ResourceName.suffix(cluster: cluster, endpoint: endpoint, owner: owner)
        prefix = "sts-\(ResourceName.slug(cluster, 18))-\(ResourceName.slug(endpoint, 18))-\(suffix)-"
        account = "sts\(ResourceName.slug(cluster, 253).filter { $0 != "-" }.prefix(11))\(suffix)"
        publisher = prefix + "publisher"
    }

    /// The name of the credential of a subject: 3 to 120 letters, digits, `-` and `_`, which never changes.
    func credential(of subject: String) -> String {
        prefix + DocumentStamp.digest(of: Array(subject.utf8)).prefix(12)
    }

    func isOurs(_ credential: String) -> Bool { credential.hasPrefix(prefix) }

    /// The tags of a managed identity that provisioning creates.
    var tags: JSONValue {
        .object([
            .init(Self.clusterKey, .string(cluster)), .init(Self.endpointKey, .string(endpoint)),
            .init(Self.ownerKey, .string(owner)),
        ])
    }

    /// Whether tags are those of ``tags``.
    func own(_ found: JSONValue?) -> Bool {
        found?[Self.clusterKey]?.stringValue == cluster && found?[Self.endpointKey]?.stringValue == endpoint
            && found?[Self.ownerKey]?.stringValue == owner
    }
}
