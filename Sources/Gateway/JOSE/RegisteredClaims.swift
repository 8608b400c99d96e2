import FoundationEssentials

/// The claims that RFC 7519 §4.1 registers, as read from a token. Times are seconds since 1970-01-01T00:00:00Z.
public struct RegisteredClaims: Sendable, Equatable {
    public let issuer: String?
    public let subject: String?
    /// Empty where the claim is absent.
    public let audiences: [String]
    public let expiration: Double?
    public let notBefore: Double?
    public let issuedAt: Double?
    public let tokenID: String?

    /// The names that only the issuer itself may set.
    public static let names: Set<String> = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]

    private struct Wire: Decodable {
        let iss: String?
        let sub: String?
        let aud: Audiences?
        let exp: Double?
        let nbf: Double?
        let iat: Double?
        let jti: String?
    }

    /// `aud` is one string or an array of strings (RFC 7519 §4.1.3).
    private struct Audiences: Decodable {
        let values: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(String.self) {
                values = [one]
            } else {
                values = try container.decode([String].self)
            }
        }
    }

    /// Reads the JSON text of a payload; members it does not know are passed over.
    public init(json: [UInt8]) throws(JOSEError) {
        let wire: Wire
        do {
            wire = try JSONDecoder().decode(Wire.self, from: Data(json))
        } catch {
            throw .malformed("the payload is not a JSON object whose registered claims have their types")
        }
        self.issuer = wire.iss
        self.subject = wire.sub
        self.audiences = wire.aud?.values ?? []
        self.expiration = wire.exp
        self.notBefore = wire.nbf
        self.issuedAt = wire.iat
        self.tokenID = wire.jti
    }
}
