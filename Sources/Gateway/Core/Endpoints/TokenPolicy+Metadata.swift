extension EndpointConfiguration.TokenPolicy {
    /// The objects whose labels and annotations the claims use.
    package var metadataSources: Set<WorkloadMetadata.Source> {
        Set(claims.flatMap(\.source.attributes).compactMap { MetadataAttribute(named: $0)?.kind.source })
    }
}

extension EndpointConfiguration.TokenPolicy.Claim.Source {
    /// The names of all attributes in the claim.
    package var attributes: [String] {
        switch self {
        case .value: []
        case .attribute(let name): [name]
        case .template(let template): template.attributes
        case .object(let members): members.flatMap(\.source.attributes)
        case .array(let elements): elements.flatMap(\.attributes)
        }
    }
}
