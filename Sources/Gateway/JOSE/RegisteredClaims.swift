public import JSON

/// The registered claims of a token (RFC 7519 §4.1). Times are seconds since 1970-01-01T00:00:00Z.
public struct RegisteredClaims: Sendable, Equatable {
    /// The claim `iss`; nil where it is absent.
    public let issuer: String?
    /// The claim `sub`; nil where it is absent.
    public let subject: String?
    /// The claim `aud`; empty where it is absent.
    public let audiences: [String]
    /// The claim `exp`; nil where it is absent.
    public let expiration: Double?
    /// The claim `nbf`; nil where it is absent.
    public let notBefore: Double?
    /// The claim `iat`; nil where it is absent.
    public let issuedAt: Double?
    /// The claim `jti`; nil where it is absent.
    public let tokenID: String?

    /// The names of the registered claims.
    public static let names: Set<String> = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]

    /// All claims of the payload, including those that are not registered.
    public var json: JSONValue { node.value }

    private let node: JSONNode

    /// The valid times of claims: the years 1 to 9999 (RFC 3339), in seconds since 1970-01-01T00:00:00Z.
    public static let representableTimes = -62_135_596_800.0...253_402_300_799.0

    /// Reads the JSON text of a payload. Unknown claims are allowed.
    ///
    /// - Throws: `malformed` if the text is not a JSON object, has a duplicate claim (RFC 7519 §4), or a registered claim
    ///   does not have its type of RFC 7519 §4.1 (`null` included) or is a time outside of ``representableTimes``.
    public init(json text: [UInt8]) throws(JOSEError) {
        guard let json = try? JSONNode(parsing: text, limits: .jose), json.isObject else {
            throw .malformed("the payload is not a JSON object without duplicate members")
        }
        node = json
        issuer = try Self.text("iss", in: json)
        subject = try Self.text("sub", in: json)
        audiences = try Self.audiences(json["aud"])
        expiration = try Self.time("exp", in: json)
        notBefore = try Self.time("nbf", in: json)
        issuedAt = try Self.time("iat", in: json)
        tokenID = try Self.text("jti", in: json)
    }

    private static func text(_ name: String, in json: JSONNode) throws(JOSEError) -> String? {
        guard let value = json[name] else { return nil }
        guard let text = value.stringValue else { throw .malformed("\(name) is not a string") }
        return text
    }

    /// NumericDate: a JSON number, with or without a fraction (RFC 7519 §2).
    private static func time(_ name: String, in json: JSONNode) throws(JOSEError) -> Double? {
        let seconds: Double
        switch json[name]?.value {
        case nil: return nil
        case .integer(let value): seconds = Double(value)
        case .number(let value): seconds = value
        default: throw .malformed("\(name) is not a number")
        }
        guard representableTimes.contains(seconds) else { throw .malformed("\(name) is out of range") }
        return seconds
    }

    /// One string or an array of strings (RFC 7519 §4.1.3).
    private static func audiences(_ value: JSONNode?) throws(JOSEError) -> [String] {
        guard let value else { return [] }
        if let one = value.stringValue { return [one] }
        guard let elements = value.elementList else { throw .malformed("aud is not a string or an array of strings") }
        let audiences = elements.compactMap(\.stringValue)
        guard audiences.count == elements.count else {
            throw .malformed("aud is not a string or an array of strings")
        }
        return audiences
    }
}

extension JSONLimits {
    /// The limits of headers, payloads and key sets.
    static let jose = JSONLimits(depth: 64, byteCount: 1 << 20)
}
