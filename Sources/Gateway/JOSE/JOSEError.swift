/// Why a JOSE object is not valid. The text never contains a part of the object.
public enum JOSEError: Error, Equatable, Sendable {
    /// Not three base64url parts, not JSON, or a member of the wrong type.
    case malformed(String)
    /// `alg` is `none`, symmetric or unknown.
    case unsupportedAlgorithm
    /// The header lists critical extensions (RFC 7515 §4.1.11); none is supported.
    case criticalExtension
    /// The size, the curve or the type of the key is not supported.
    case unusableKey(String)
    /// The set has no key with this `kid`, or the key has another algorithm.
    case unknownKey
    /// The signature does not verify.
    case invalidSignature
}

extension JOSEError: CustomStringConvertible {
    /// The reason in lower case, without a final period.
    public var description: String {
        switch self {
        case .malformed(let what): "malformed: \(what)"
        case .unsupportedAlgorithm: "the algorithm is not supported"
        case .criticalExtension: "the header has critical extensions, which are not supported"
        case .unusableKey(let why): "unusable key: \(why)"
        case .unknownKey: "the key set has no key with this kid and algorithm"
        case .invalidSignature: "the signature does not verify"
        }
    }
}
