package import FoundationEssentials
package import GatewayPluginAPI
package import JOSE

/// A token that the gateway has signed, with its properties. Its `description` is redacted.
package struct IssuedToken: Sendable {
    /// The compact serialization.
    package let compact: String
    package let keyID: KeyID
    /// nil where the endpoint's tokens have no `jti`.
    package let tokenID: TokenID?
    package let subject: String
    package let audiences: [String]
    package let expiration: Date
    /// Seconds from issue to expiration.
    package let lifetime: Int
    /// Of the workload that has the token.
    package let attributes: WorkloadAttributes
    /// The index of the rule that matched.
    package let rule: Int
    /// The certificate of the key, for OpenUnison-compatible responses.
    package let certificate: KeyCertificate

    package var identity: WorkloadIdentity { attributes.identity }
}

extension IssuedToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "IssuedToken(jti \(tokenID?.rawValue ?? "none"))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror {
        Mirror(self, children: ["jti": tokenID?.rawValue ?? "none"], displayStyle: .struct)
    }
}

/// A `jti`: 128 random bits in base64url (RFC 7519 §4.1.7).
package struct TokenID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    /// - Parameter randomBits: from a cryptographically secure source.
    package init(randomBits: (UInt64, UInt64)) {
        func bytes(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) } }
        rawValue = Base64URL.encode(bytes(randomBits.0) + bytes(randomBits.1))
    }

    package var description: String { rawValue }
}
