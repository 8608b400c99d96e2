/// The mark of provisioned resources that have no labels: a description that names the cluster, the endpoint and the owner
/// of the key ring.
package struct OwnerMark: Sendable {
    package enum Owner: Sendable, Equatable {
        case ours
        /// Not created by a gateway.
        case nobody
        /// Created for another cluster, endpoint or key ring.
        case foreign(String)
    }

    private static let prefix = "STS Gateway: "

    /// At most 256 characters.
    package let description: String

    /// - Parameter owner: the owner ID of the key ring.
    package init(cluster: String, endpoint: String, owner: String) {
        description =
            "\(Self.prefix)cluster \(ResourceName.slug(cluster, 60)), endpoint \(ResourceName.slug(endpoint, 60)), "
            + "owner \(owner)"
    }

    /// Returns whose resource it is that has this description.
    package func owner(of text: String?) -> Owner {
        guard let text, text.hasPrefix(Self.prefix) else { return .nobody }
        return text == description ? .ours : .foreign(String(text.dropFirst(Self.prefix.count)))
    }
}
