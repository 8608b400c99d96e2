/// The two documents of an issuer: the discovery document (OpenID Connect Discovery 1.0 §3) and its JSON Web Key Set.
public struct IssuerDocuments: Sendable, Equatable {
    /// The JSON text served at ``Issuer/discoveryPath``, as UTF-8.
    public let discovery: [UInt8]
    /// The JSON text served at ``Issuer/keysPath``, as UTF-8.
    public let keys: [UInt8]

    /// Creates the pair from the documents' JSON texts.
    public init(discovery: [UInt8], keys: [UInt8]) {
        self.discovery = discovery
        self.keys = keys
    }
}
