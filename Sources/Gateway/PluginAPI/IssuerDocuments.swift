/// The two documents that make an issuer: OpenID Connect Discovery 1.0 §3, and the JSON Web Key Set it points to.
public struct IssuerDocuments: Sendable, Equatable {
    /// The JSON text served at ``Issuer/discoveryPath``, as UTF-8.
    public let discovery: [UInt8]
    /// The JSON text served at ``Issuer/keysPath``, as UTF-8.
    public let keys: [UInt8]

    public init(discovery: [UInt8], keys: [UInt8]) {
        self.discovery = discovery
        self.keys = keys
    }
}
