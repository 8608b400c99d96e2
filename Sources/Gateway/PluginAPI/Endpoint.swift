public import JOSE

/// The endpoint that a plugin is made for, as configured.
public struct Endpoint: Sendable, Equatable {
    /// A DNS label, unique in the gateway.
    public let name: String
    /// The `cluster` claim of its tokens.
    public let cluster: String
    /// The `iss` claim of its tokens.
    public let issuer: Issuer
    /// The `aud` claim of its tokens; one or more values.
    public let audiences: [String]
    /// The `alg` of its tokens' header.
    public let algorithm: SignatureAlgorithm
    /// Length of an RSA key in bits; not used for elliptic curves.
    public let rsaKeySize: Int
    /// Token lifetime in seconds.
    public let timeToLive: Int

    /// Creates an endpoint from its parts; nothing is checked. Tests take `Endpoint.example` of GatewayPluginTesting.
    public init(
        name: String, cluster: String, issuer: Issuer, audiences: [String], algorithm: SignatureAlgorithm,
        rsaKeySize: Int, timeToLive: Int
    ) {
        self.name = name
        self.cluster = cluster
        self.issuer = issuer
        self.audiences = audiences
        self.algorithm = algorithm
        self.rsaKeySize = rsaKeySize
        self.timeToLive = timeToLive
    }
}
