/// An endpoint that is served: its configuration, its keys, and the exchange between them.
public struct MountedEndpoint: Sendable {
    public let configuration: EndpointConfiguration
    public let keys: CurrentSigningKeys
    public let exchange: TokenExchange

    public init(configuration: EndpointConfiguration, keys: CurrentSigningKeys, reviewer: any TokenReviewing) {
        self.configuration = configuration
        self.keys = keys
        self.exchange = TokenExchange(configuration: configuration, reviewer: reviewer, keys: keys)
    }
}
