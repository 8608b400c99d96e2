package import GatewayPluginAPI

/// The attributes of a workload that rules and claims can use.
///
/// Labels and annotations are read before. A class, since each call passes the same attributes on several times.
package final class WorkloadAttributes: Sendable, Equatable {
    /// The result of a lookup by name.
    package enum Lookup: Sendable, Equatable {
        /// One or more values; only `groups` has several.
        case values([String])
        /// A known attribute that the workload does not have, such as `pod-name` of a token that is not bound to a Pod.
        case absent
        /// An unknown name, or a label or an annotation of an object that was not read.
        case unknown
    }

    /// The names of all attributes except labels and annotations.
    package static let names = WorkloadAttribute.allCases.map(\.rawValue)

    let identity: WorkloadIdentity
    let endpoint: String
    let metadata: WorkloadMetadata
    private let username: String

    /// - Parameters:
    ///   - endpoint: the name of the endpoint.
    ///   - metadata: the metadata that was read; by default none.
    package init(_ identity: WorkloadIdentity, endpoint: String, metadata: WorkloadMetadata = WorkloadMetadata()) {
        self.identity = identity
        self.endpoint = endpoint
        self.metadata = metadata
        self.username = identity.username
    }

    package static func == (left: WorkloadAttributes, right: WorkloadAttributes) -> Bool {
        left.identity == right.identity && left.endpoint == right.endpoint && left.metadata == right.metadata
    }

    /// Looks up an attribute.
    ///
    /// - Parameter name: case-insensitive, except for the key of a label or an annotation.
    package func lookup(_ name: String) -> Lookup {
        guard let attribute = WorkloadAttribute(named: name) else {
            return MetadataAttribute(named: name).map(metadata.lookup) ?? .unknown
        }
        let values = values(of: attribute)
        return values.isEmpty ? .absent : .values(values)
    }

    /// One or more values of an attribute; nil where it is absent or unknown.
    package func values(of name: String) -> [String]? {
        guard case .values(let values) = lookup(name) else { return nil }
        return values
    }

    /// Whether any value of the attribute satisfies the predicate; false where it is absent.
    func contains(_ attribute: WorkloadAttribute, where passes: (String) -> Bool) -> Bool {
        if attribute == .groups { return identity.groups.contains { !$0.isEmpty && passes($0) } }
        guard let value = singleValue(of: attribute) else { return false }
        return passes(value)
    }

    /// The values of an attribute; empty where it is absent.
    func values(of attribute: WorkloadAttribute) -> [String] {
        if attribute == .groups { return identity.groups.filter { !$0.isEmpty } }
        return singleValue(of: attribute).map { [$0] } ?? []
    }

    /// The value of a single-valued attribute. An empty text is not a value, since Kubernetes has no empty names.
    func singleValue(of attribute: WorkloadAttribute) -> String? {
        let value: String? =
            switch attribute {
            case .namespace: identity.namespace
            case .serviceAccountName: identity.serviceAccount.name
            case .cluster: identity.cluster
            case .username: username
            case .uid: identity.serviceAccount.uid
            case .groups: nil
            case .podName: identity.pod?.name
            case .podUID: identity.pod?.uid
            case .nodeName: identity.node?.name
            case .nodeUID: identity.node?.uid
            case .credentialID: identity.credentialID
            case .endpoint: endpoint
            }
        guard let value, !value.isEmpty else { return nil }
        return value
    }
}

/// The known attributes. Names in filters are resolved when the filter is parsed.
enum WorkloadAttribute: String, Sendable, CaseIterable {
    case namespace
    case serviceAccountName = "saname"
    case cluster
    case username
    /// The ServiceAccount's uid.
    case uid
    case groups
    case podName = "pod-name"
    case podUID = "pod-uid"
    case nodeName = "node-name"
    case nodeUID = "node-uid"
    case credentialID = "credential-id"
    case endpoint

    /// Resolves a name, case-insensitive (RFC 4512 §2.5); nil where it is unknown.
    init?(named name: String) { self.init(rawValue: name.lowercased()) }
}
