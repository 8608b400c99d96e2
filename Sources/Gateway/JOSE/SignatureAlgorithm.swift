/// The supported asymmetric signature algorithms (RFC 7518 §3.1).
///
/// `none` and the symmetric algorithms are not representable.
public enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable, Codable {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    case rs256 = "RS256"
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    case rs384 = "RS384"
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    case rs512 = "RS512"
    /// ECDSA with P-256 and SHA-256.
    case es256 = "ES256"
    /// ECDSA with P-384 and SHA-384.
    case es384 = "ES384"
    /// ECDSA with P-521 and SHA-512.
    case es512 = "ES512"

    /// The hash functions of the algorithms.
    public enum Hash: Sendable {
        /// SHA-256.
        case sha256
        /// SHA-384.
        case sha384
        /// SHA-512.
        case sha512
    }

    /// The algorithm's hash function.
    public var hash: Hash {
        switch self {
        case .rs256, .es256: .sha256
        case .rs384, .es384: .sha384
        case .rs512, .es512: .sha512
        }
    }

    /// Whether the algorithm needs an RSA key; the others need an elliptic curve key (RFC 7518 §3.4).
    public var usesRSA: Bool {
        switch self {
        case .rs256, .rs384, .rs512: true
        case .es256, .es384, .es512: false
        }
    }
}
