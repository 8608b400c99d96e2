/// The labels and annotations of a workload's objects, read before rules are evaluated. A failed read is an error before the
/// evaluation, not an absent attribute.
package struct WorkloadMetadata: Sendable, Equatable {
    /// The objects that have attributes.
    package enum Source: Sendable, Hashable, CaseIterable {
        case namespace, serviceAccount
    }

    /// Parts of an object's `metadata` (meta/v1 ObjectMeta).
    package struct Object: Sendable, Equatable {
        package let uid: String
        package let labels: [String: String]
        package let annotations: [String: String]

        package init(uid: String, labels: [String: String], annotations: [String: String]) {
            self.uid = uid
            self.labels = labels
            self.annotations = annotations
        }
    }

    /// nil where it was not read.
    package var namespace: Object?
    /// nil where it was not read.
    package var serviceAccount: Object?

    package init(namespace: Object? = nil, serviceAccount: Object? = nil) {
        self.namespace = namespace
        self.serviceAccount = serviceAccount
    }

    package subscript(_ source: Source) -> Object? {
        get {
            switch source {
            case .namespace: namespace
            case .serviceAccount: serviceAccount
            }
        }
        set {
            switch source {
            case .namespace: namespace = newValue
            case .serviceAccount: serviceAccount = newValue
            }
        }
    }

    /// Looks up a label or an annotation. An empty text is a value.
    func lookup(_ attribute: MetadataAttribute) -> WorkloadAttributes.Lookup {
        guard let object = self[attribute.kind.source] else { return .unknown }
        let value =
            switch attribute.kind {
            case .namespaceLabel, .serviceAccountLabel: object.labels[attribute.key]
            case .serviceAccountAnnotation: object.annotations[attribute.key]
            }
        return value.map { .values([$0]) } ?? .absent
    }
}
