/// An endpoint that is served: its configuration, its keys, and the exchange between them.
public struct MountedEndpoint: Sendable {
    public let configuration: EndpointConfiguration
    public let keys: CurrentSigningKeys
    public let exchange: TokenExchange

    /// - Parameter metadata: reads labels and annotations; nil where nothing can, so that none may be named.
    public init(
        configuration: EndpointConfiguration, keys: CurrentSigningKeys, reviewer: any TokenReviewing,
        metadata: (any WorkloadMetadataReading)? = nil
    ) {
        self.configuration = configuration
        self.keys = keys
        self.exchange = TokenExchange(
            configuration: configuration, reviewer: reviewer, metadata: metadata, keys: keys)
    }
}
