/// The asymmetric signature algorithms of RFC 7518 §3.1 that this gateway signs with and verifies.
///
/// `none` and the symmetric algorithms are not representable.
public enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable, Codable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"

    public enum Hash: Sendable { case sha256, sha384, sha512 }

    public var hash: Hash {
        switch self {
        case .rs256, .es256: .sha256
        case .rs384, .es384: .sha384
        case .rs512, .es512: .sha512
        }
    }

    /// Whether the key is an RSA key (else it is an elliptic curve key of the algorithm's one curve, RFC 7518 §3.4).
    public var usesRSA: Bool {
        switch self {
        case .rs256, .rs384, .rs512: true
        case .es256, .es384, .es512: false
        }
    }
}
