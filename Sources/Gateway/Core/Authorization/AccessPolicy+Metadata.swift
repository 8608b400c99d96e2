// The objects that must be read before a decision: none, unless a rule uses a label or an annotation.

extension SearchFilter {
    /// The labels and annotations in the filter, in its order, without duplicates.
    package var metadataAttributes: [MetadataAttribute] {
        var attributes: [MetadataAttribute] = []
        root.forEachItem { attribute, _ in
            if case .metadata(let attribute) = attribute, !attributes.contains(attribute) {
                attributes.append(attribute)
            }
        }
        return attributes
    }

    /// The objects that must be read before the filter is evaluated.
    package var metadataSources: Set<WorkloadMetadata.Source> { Set(metadataAttributes.map(\.kind.source)) }
}

extension AccessRule {
    /// The labels and annotations in the rule's filter.
    package var metadataAttributes: [MetadataAttribute] {
        guard case .filter(let filter) = scope else { return [] }
        return filter.metadataAttributes
    }
}

extension AccessPolicy {
    /// The objects that must be read before ``decide(_:)``.
    package var metadataSources: Set<WorkloadMetadata.Source> {
        Set(rules.flatMap(\.metadataAttributes).map(\.kind.source))
    }
}
