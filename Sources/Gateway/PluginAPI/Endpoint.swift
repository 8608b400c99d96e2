public import JOSE

/// What a plugin learns of the endpoint it is made for.
public struct Endpoint: Sendable, Equatable {
    /// A DNS label, unique in the gateway.
    public let name: String
    /// The `cluster` claim of its tokens.
    public let cluster: String
    public let issuer: Issuer
    /// The `aud` of its tokens; one or more.
    public let audiences: [String]
    public let algorithm: SignatureAlgorithm
    /// Length of an RSA key in bits; of no meaning for another algorithm.
    public let rsaKeySize: Int
    /// Life of a token in seconds.
    public let timeToLive: Int

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
