/// Why a JOSE object was not understood or not accepted. The text never carries a part of the object itself.
public enum JOSEError: Error, Equatable, Sendable {
    /// Not three base64url parts, not JSON, or a member of the wrong type.
    case malformed(String)
    /// `alg` is `none`, symmetric, or one this library does not know.
    case unsupportedAlgorithm
    /// The header lists critical extensions (RFC 7515 §4.1.11); none is understood here.
    case criticalExtension
    /// The key does not fit: its size, curve or type is not one that may sign or verify.
    case unusableKey(String)
    /// No key of the set has this `kid`, or the key found is of another algorithm.
    case unknownKey
    /// The signature does not verify.
    case invalidSignature
}

extension JOSEError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let what): "malformed: \(what)"
        case .unsupportedAlgorithm: "the algorithm is not supported"
        case .criticalExtension: "the header has critical extensions, and none is understood"
        case .unusableKey(let why): "unusable key: \(why)"
        case .unknownKey: "no key of the set has this key id and algorithm"
        case .invalidSignature: "the signature does not verify"
        }
    }
}
