extension EndpointConfiguration.TokenPolicy {
    /// The objects that its claims take labels and annotations from.
    package var metadataSources: Set<WorkloadMetadata.Source> {
        Set(
            claims.compactMap { claim in
                guard case .attribute(let name) = claim.source else { return nil }
                return MetadataAttribute(named: name)?.kind.source
            })
    }
}
