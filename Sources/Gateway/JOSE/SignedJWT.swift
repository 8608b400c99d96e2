public import JSON

/// A parsed JWT in compact serialization (RFC 7515 §7.1). Its signature is not verified.
public struct SignedJWT: Sendable {
    /// The header.
    public let header: JOSEHeader
    /// The JSON text of the claims.
    public let payload: [UInt8]
    /// The signing input (RFC 7515 §2): the first two parts and the dot between them.
    public let signingInput: [UInt8]
    /// The signature.
    public let signature: [UInt8]

    /// Parses a token. The signature is not verified.
    ///
    /// - Throws: `malformed`, `unsupportedAlgorithm` or `criticalExtension`.
    public init(parsing token: some StringProtocol) throws(JOSEError) {
        let bytes = Array(token.utf8)
        let dot = UInt8(ascii: ".")
        guard let first = bytes.firstIndex(of: dot), let second = bytes[(first + 1)...].firstIndex(of: dot),
            !bytes[(second + 1)...].contains(dot)
        else { throw .malformed("a signed JWT has three parts") }
        guard let header = Base64URL.decode(bytes[..<first]),
            let payload = Base64URL.decode(bytes[(first + 1)..<second]),
            let signature = Base64URL.decode(bytes[(second + 1)...])
        else { throw .malformed("a part is not base64url without padding") }
        guard !signature.isEmpty else { throw .malformed("the signature is empty") }
        self.header = try JOSEHeader(json: header)
        self.payload = payload
        self.signingInput = Array(bytes[..<second])
        self.signature = signature
    }

    /// The claims of the payload.
    ///
    /// - Throws: `malformed`.
    public func claims() throws(JOSEError) -> RegisteredClaims {
        try RegisteredClaims(json: payload)
    }

    /// Verifies the signature with the key of the header's `kid`. Without a `kid` the set must have a single key.
    ///
    /// - Throws: `unknownKey` or `invalidSignature`.
    public func verify(with keys: JSONWebKeySet) throws(JOSEError) {
        let key: JSONWebKey?
        if let keyID = header.keyID {
            key = keys[keyID]
        } else {
            key = keys.keys.count == 1 ? keys.keys.first : nil
        }
        guard let key else { throw .unknownKey }
        try verify(with: key)
    }

    /// Checks the signature under one key, whatever the header's `kid` is.
    public func verify(with key: JSONWebKey) throws(JOSEError) {
        try key.verify(signature, of: signingInput, algorithm: header.algorithm)
    }

    /// Signs claims. The header has `alg`, `typ` and the key's `kid`.
    ///
    /// - Parameter type: the value of `typ`.
    /// - Returns: the token's compact serialization.
    public static func sign(
        _ claims: JSONValue, with key: SigningKey, type: String = "JWT"
    ) throws(JOSEError) -> String {
        var token = key.encodedHeader(type: type)
        token.append(UInt8(ascii: "."))
        token.append(contentsOf: Base64URL.encodedBytes(claims.utf8Text))
        let signature = try key.signature(of: token)
        token.append(UInt8(ascii: "."))
        token.append(contentsOf: Base64URL.encodedBytes(signature))
        return String(decoding: token, as: UTF8.self)
    }
}
