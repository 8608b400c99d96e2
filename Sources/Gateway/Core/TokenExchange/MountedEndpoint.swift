/// An endpoint that is served: its configuration, its keys and its token exchange.
package struct MountedEndpoint: Sendable {
    package let configuration: EndpointConfiguration
    package let keys: CurrentSigningKeys
    package let exchange: TokenExchange

    /// - Parameters:
    ///   - metadata: reads labels and annotations; nil where neither rules nor claims may use them.
    ///   - limits: the limits of calls; nil for none.
    package init(
        configuration: EndpointConfiguration, keys: CurrentSigningKeys, reviewer: any TokenReviewing,
        metadata: (any WorkloadMetadataReading)? = nil, signatures: any SignatureExecuting,
        limits: (any CallLimiting)? = nil
    ) {
        self.configuration = configuration
        self.keys = keys
        self.exchange = TokenExchange(
            configuration: configuration, reviewer: reviewer, metadata: metadata, keys: keys, signatures: signatures,
            limits: limits)
    }
}
