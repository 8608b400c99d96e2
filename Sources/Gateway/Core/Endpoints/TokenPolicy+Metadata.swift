extension EndpointConfiguration.TokenPolicy {
    /// The objects whose labels and annotations the claims use.
    package var metadataSources: Set<WorkloadMetadata.Source> {
        Set(
            claims.compactMap { claim in
                guard case .attribute(let name) = claim.source else { return nil }
                return MetadataAttribute(named: name)?.kind.source
            })
    }
}
