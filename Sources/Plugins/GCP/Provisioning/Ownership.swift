import CloudAPI
import GatewayPluginAPI
import JSON

/// The mark of resources that provisioning creates: pools, providers and service accounts have no labels, so it is their
/// description; buckets have labels.
struct Ownership: Sendable {
    typealias Owner = OwnerMark.Owner

    private let mark: OwnerMark
    /// Of a bucket, in which upper-case letters are not allowed.
    let labels: [(key: String, value: String)]
    /// Ten hexadecimal digits.
    let suffix: String
    /// Of a bucket that provisioning creates.
    let bucket: String

    /// At most 256 characters.
    var description: String { mark.description }

    static let ownerLabel = "sts-gateway-owner"

    init(cluster: String, endpoint: String, owner: String) {
        mark = OwnerMark(cluster: cluster, endpoint: endpoint, owner: owner)
        let (cluster, endpoint, suffix) = (
            ResourceName.slug(cluster, 60), ResourceName.slug(endpoint, 60),
            ResourceName.suffix(cluster: cluster, endpoint: endpoint, owner: owner)
        )
        labels = [("sts-gateway-cluster", cluster), ("sts-gateway-endpoint", endpoint), (Self.ownerLabel, suffix)]
        self.suffix = suffix
        bucket = "sts-\(ResourceName.slug(cluster, 18))-\(ResourceName.slug(endpoint, 18))-\(suffix)"
    }

    func owner(ofDescription text: String?) -> Owner { mark.owner(of: text) }

    func owner(ofLabels json: JSONValue?) -> Owner {
        let found = json?.stringMap ?? [:]
        guard let owner = found[Self.ownerLabel] else { return .nobody }
        if owner == suffix { return .ours }
        return .foreign(
            "cluster \(found["sts-gateway-cluster"] ?? ""), endpoint \(found["sts-gateway-endpoint"] ?? "")")
    }
}
