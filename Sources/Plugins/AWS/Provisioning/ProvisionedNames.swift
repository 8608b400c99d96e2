import CloudAPI
import GatewayPluginAPI

/// The names and tags of what is provisioned for one endpoint. Names contain a hash of the key ring's owner ID, so that two
/// clusters with equal names do not meet.
struct ProvisionedNames: Sendable {
    static let clusterKey = "sts-gateway/cluster"
    static let endpointKey = "sts-gateway/endpoint"
    static let ownerKey = "sts-gateway/owner"
    static let adoptedKey = "sts-gateway/adopted"
    /// The client IDs that provisioning has added to an adopted OIDC provider, separated by spaces.
    static let addedKey = "sts-gateway/added"

    private let cluster: String
    private let endpoint: String
    private let owner: String
    /// Ten hexadecimal digits.
    private let suffix: String

    init(cluster: String, endpoint: String, owner: String) {
        self.cluster = cluster
        self.endpoint = endpoint
        self.owner = owner
        suffix = ResourceName.suffix(cluster: cluster, endpoint: endpoint, owner: owner)
    }

    /// Of a bucket and an origin access control: 63 characters at most.
    var bucket: String { "sts-\(ResourceName.slug(cluster, 18))-\(ResourceName.slug(endpoint, 18))-\(suffix)" }
    /// Of the publisher role: 64 characters at most.
    var publisherRole: String {
        "sts-publisher-\(ResourceName.slug(cluster, 16))-\(ResourceName.slug(endpoint, 16))-\(suffix)"
    }
    /// Of statements in policies that others write too: letters and digits.
    var statement: String {
        "StsGateway" + (cluster + endpoint).filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(40) + suffix
    }
    /// Of a role's inline policy: 128 characters at most.
    var inlinePolicy: String { publisherRole }
    /// Of a distribution: 128 characters at most.
    var comment: String { "sts-gateway \(ResourceName.slug(cluster, 40))/\(ResourceName.slug(endpoint, 40)) \(suffix)" }

    /// The tags of a resource that provisioning creates.
    var tags: [ResourceTag] {
        [
            ResourceTag(Self.clusterKey, cluster), ResourceTag(Self.endpointKey, endpoint),
            ResourceTag(Self.ownerKey, owner),
        ]
    }

    /// The tags of a resource that existed before. It is never deleted.
    var adoptedTags: [ResourceTag] {
        [
            ResourceTag(Self.clusterKey, cluster), ResourceTag(Self.endpointKey, endpoint),
            ResourceTag(Self.adoptedKey, owner),
        ]
    }

    /// The keys of all tags that provisioning writes.
    static let keys = [clusterKey, endpointKey, ownerKey, adoptedKey, addedKey]

    enum Ownership: Sendable, Equatable {
        /// All three tags are equal.
        case ours
        /// It existed before, and provisioning of this endpoint has added to it.
        case adopted
        /// It has no tag of a gateway.
        case unowned
        /// It belongs to another cluster, endpoint or key ring.
        case foreign(String)
    }

    func ownership(of tags: [ResourceTag]) -> Ownership {
        let found = [Self.clusterKey, Self.endpointKey, Self.ownerKey].map(tags.value)
        if found == self.tags.map(\.value) { return .ours }
        if let adopted = tags.value(Self.adoptedKey), tags.value(Self.ownerKey) == nil {
            return adopted == owner ? .adopted : .foreign(text(found))
        }
        return found == [nil, nil, nil] ? .unowned : .foreign(text(found))
    }

    private func text(_ found: [String?]) -> String {
        "cluster \(Quotation.of(found[0] ?? "")), endpoint \(Quotation.of(found[1] ?? ""))"
    }
}
