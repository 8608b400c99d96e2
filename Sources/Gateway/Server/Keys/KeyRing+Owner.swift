import GatewayCore
import JOSE

extension KeyRing {
    /// An owner id for a new ring: 128 random bits in base64url.
    static func newOwner() -> String {
        var random = SystemRandomNumberGenerator()
        return Base64URL.encode((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }
}
