package import GatewayPluginAPI

/// What the rules of an endpoint, and the claims that it takes from attributes, may know of who asks.
///
/// Labels and annotations that the cluster is asked for come in here as values that were read before.
package struct WorkloadAttributes: Sendable, Equatable {
    /// What is known under a name.
    package enum Lookup: Sendable, Equatable {
        /// One or more; only `groups` has more.
        case values([String])
        /// A known attribute that this workload does not have, such as `pod-name` of a token bound to no Pod.
        case absent
        /// No attribute of this name exists, or it is a label or an annotation of an object that was not read.
        case unknown
    }

    /// Every attribute there is but the labels and annotations, as the documentation spells it.
    package static let names = WorkloadAttribute.allCases.map(\.rawValue)

    let identity: WorkloadIdentity
    let endpoint: String
    let metadata: WorkloadMetadata
    private let username: String

    /// - Parameters:
    ///   - endpoint: the name of the endpoint that is asked.
    ///   - metadata: what was read of the workload's objects; by default nothing.
    package init(_ identity: WorkloadIdentity, endpoint: String, metadata: WorkloadMetadata = WorkloadMetadata()) {
        self.identity = identity
        self.endpoint = endpoint
        self.metadata = metadata
        self.username = identity.username
    }

    /// - Parameter name: without regard to the case of its letters, but for the key of a label or an annotation.
    package func lookup(_ name: String) -> Lookup {
        guard let attribute = WorkloadAttribute(named: name) else {
            return MetadataAttribute(named: name).map(metadata.lookup) ?? .unknown
        }
        let values = values(of: attribute)
        return values.isEmpty ? .absent : .values(values)
    }

    /// The values under a name, one or more; nil where the attribute is absent or there is none of this name.
    package func values(of name: String) -> [String]? {
        guard case .values(let values) = lookup(name) else { return nil }
        return values
    }

    /// Whether any value of the attribute passes; false where it is absent.
    func contains(_ attribute: WorkloadAttribute, where passes: (String) -> Bool) -> Bool {
        if attribute == .groups { return identity.groups.contains { !$0.isEmpty && passes($0) } }
        guard let value = singleValue(of: attribute) else { return false }
        return passes(value)
    }

    private func values(of attribute: WorkloadAttribute) -> [String] {
        if attribute == .groups { return identity.groups.filter { !$0.isEmpty } }
        return singleValue(of: attribute).map { [$0] } ?? []
    }

    /// An empty text is no value: no name, uid or group of Kubernetes is empty.
    private func singleValue(of attribute: WorkloadAttribute) -> String? {
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

/// The attributes there are. A filter resolves its names to these when it is parsed, not when it is evaluated.
enum WorkloadAttribute: String, Sendable, CaseIterable {
    case namespace
    case serviceAccountName = "saname"
    case cluster
    case username
    /// The ServiceAccount's.
    case uid
    case groups
    case podName = "pod-name"
    case podUID = "pod-uid"
    case nodeName = "node-name"
    case nodeUID = "node-uid"
    case credentialID = "credential-id"
    case endpoint

    /// Without regard to case (RFC 4512 §2.5); nil for a name that is none of these.
    init?(named name: String) { self.init(rawValue: name.lowercased()) }
}
