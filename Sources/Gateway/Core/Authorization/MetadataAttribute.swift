import KubernetesAPI

/// An attribute that is not in the review but in an object of the cluster: a label or an annotation. It is read only for an
/// endpoint whose rules or claims use it.
///
///     namespace-label/team
///     sa-label/example.com/team
///     sa-annotation/example.com/owner
package struct MetadataAttribute: Sendable, Hashable, CustomStringConvertible {
    /// The kind of attribute.
    package enum Kind: String, Sendable, CaseIterable {
        case namespaceLabel = "namespace-label"
        case serviceAccountLabel = "sa-label"
        case serviceAccountAnnotation = "sa-annotation"

        /// The object that has the attribute.
        package var source: WorkloadMetadata.Source {
            switch self {
            case .namespaceLabel: .namespace
            case .serviceAccountLabel, .serviceAccountAnnotation: .serviceAccount
            }
        }

        /// Whether everyone who may edit ServiceAccounts in a namespace can set it, as tenants usually may.
        var isTenantWritable: Bool { source == .serviceAccount }
    }

    /// The forms of the names, for messages.
    package static let forms = Kind.allCases.map { "\($0.rawValue)/KEY" }

    package let kind: Kind
    /// The key, case-sensitive as in Kubernetes.
    package let key: String

    /// - Parameter name: a kind (case-insensitive), a slash, and a Kubernetes key.
    /// - Returns: nil for another name.
    package init?(named name: String) {
        guard let slash = name.firstIndex(of: "/"), let kind = Kind(rawValue: name[..<slash].lowercased()) else {
            return nil
        }
        let key = name[name.index(after: slash)...]
        switch kind {
        case .namespaceLabel, .serviceAccountLabel: guard KubernetesName.isLabelKey(key) else { return nil }
        case .serviceAccountAnnotation: guard KubernetesName.isAnnotationKey(key) else { return nil }
        }
        self.kind = kind
        self.key = String(key)
    }

    /// The kind in lower case, a slash, and the key.
    package var name: String { "\(kind.rawValue)/\(key)" }

    package var description: String { name }
}
