/// A token that the gateway issued: a JWT in compact serialization (RFC 7515 §3.1). `description` is redacted.
package struct IssuedToken: Sendable, CustomStringConvertible, CustomReflectable {
    package let bytes: [UInt8]
    /// The claim `exp`, in seconds since 1970.
    package let expires: Double
    /// The claim `iat` in seconds since 1970; nil if the token has none.
    package let issued: Double?

    package static let maximumBytes = 65_536

    /// The years 1970 to 9999 in seconds since 1970: the times that RFC 3339 can represent.
    private static let times = 0.0...253_402_300_799

    /// Seconds from `iat` to `exp`; nil without `iat`.
    package var lifetime: Double? { issued.map { expires - $0 } }

    /// nil if the bytes are not a JWT with an `exp`, or if `exp` or `iat` is not a representable time.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.maximumBytes else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }), Self.decode(parts[0]) != nil,
            Self.decode(parts[2]) != nil, let payload = Self.decode(parts[1]), let claims = JSONReader.read(payload),
            let expires = claims["exp"]?.number, Self.times.contains(expires),
            claims["iat"].map({ $0.number.map(Self.times.contains) ?? false }) ?? true
        else { return nil }
        self.bytes = bytes
        self.expires = expires
        issued = claims["iat"]?.number
    }

    /// Decodes base64url without padding (RFC 4648 §5).
    private static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count)
        var buffer: UInt32 = 0
        var bits = 0
        for byte in text {
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0") + 52
            case UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "_"): value = 63
            default: return nil
            }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                decoded.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        return text.count % 4 == 1 ? nil : decoded
    }

    package var description: String { "(an issued token)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
