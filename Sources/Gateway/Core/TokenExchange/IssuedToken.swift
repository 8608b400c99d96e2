public import FoundationEssentials
public import GatewayPluginAPI
public import JOSE

/// A token that the gateway signed, and what is to be known of it. The token itself does not print.
public struct IssuedToken: Sendable {
    /// The compact serialization.
    public let compact: String
    public let keyID: KeyID
    public let tokenID: TokenID
    public let subject: String
    public let audiences: [String]
    public let expiration: Date
    /// Seconds from issue to expiration.
    public let lifetime: Int
    public let identity: WorkloadIdentity
    /// Index of the rule that allowed it.
    public let rule: Int
    /// The certificate that goes with the key, for the stock wire.
    public let certificate: KeyCertificate
}

extension IssuedToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "IssuedToken(jti \(tokenID))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["jti": tokenID.rawValue], displayStyle: .struct) }
}

/// A `jti`: 128 random bits in base64url (RFC 7519 §4.1.7).
public struct TokenID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// - Parameter randomBits: from a cryptographically secure source.
    public init(randomBits: (UInt64, UInt64)) {
        func bytes(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) } }
        rawValue = Base64URL.encode(bytes(randomBits.0) + bytes(randomBits.1))
    }

    public var description: String { rawValue }
}
