/// What was read of a workload's objects before its rules are evaluated. An evaluation never waits, and a read that
/// failed is an error before it, never an absent attribute.
package struct WorkloadMetadata: Sendable, Equatable {
    /// The objects that there are attributes of.
    package enum Source: Sendable, Hashable, CaseIterable {
        case namespace, serviceAccount
    }

    /// `metadata` (meta/v1 ObjectMeta) of one object, as far as it matters here.
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

    /// An empty text is a value here: a label or an annotation may have it.
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
