import FoundationEssentials
public import JSON

/// A JSON Web Key Set (RFC 7517 §5) of public signature keys.
public struct JSONWebKeySet: Sendable, Equatable {
    /// More keys than this are refused when a set is read.
    public static let maximumKeyCount = 200

    public let keys: [JSONWebKey]

    public init(keys: [JSONWebKey]) { self.keys = keys }

    public subscript(_ keyID: KeyID) -> JSONWebKey? { keys.first { $0.keyID == keyID } }

    public var json: JSONValue { ["keys": .array(keys.map(\.json))] }

    private struct Wire: Decodable {
        let keys: [Key]

        struct Key: Decodable {
            let kty: String
            let use: String?
            let alg: String?
            let kid: String?
            let n: String?
            let e: String?
            let crv: String?
            let x: String?
            let y: String?
        }
    }

    /// Reads a set's JSON text. Keys of a type, curve or use that cannot verify here are passed over, as RFC 7517 §5 asks.
    ///
    /// - Throws: `malformed` where it is no key set, or has more than ``maximumKeyCount`` keys.
    public init(parsing json: [UInt8]) throws(JOSEError) {
        let wire: Wire
        do {
            wire = try JSONDecoder().decode(Wire.self, from: Data(json))
        } catch {
            throw .malformed("not a JSON Web Key Set")
        }
        guard wire.keys.count <= Self.maximumKeyCount else {
            throw .malformed("a key set of more than \(Self.maximumKeyCount) keys")
        }
        self.keys = wire.keys.compactMap(Self.key)
    }

    private static func key(_ wire: Wire.Key) -> JSONWebKey? {
        guard wire.use == nil || wire.use == "sig" else { return nil }
        let algorithm = wire.alg.flatMap(SignatureAlgorithm.init(rawValue:))
        guard (wire.alg == nil) == (algorithm == nil), let parameters = parameters(wire) else { return nil }
        if let kid = wire.kid {
            return JSONWebKey(keyID: KeyID(rawValue: kid), algorithm: algorithm, parameters: parameters)
        }
        return JSONWebKey(algorithm: algorithm, parameters: parameters)
    }

    private static func parameters(_ wire: Wire.Key) -> JSONWebKey.Parameters? {
        switch wire.kty {
        case "RSA":
            guard let modulus = wire.n.flatMap({ Base64URL.decode($0) })?.drop(while: { $0 == 0 }),
                let exponent = wire.e.flatMap({ Base64URL.decode($0) })?.drop(while: { $0 == 0 }),
                (256...1024).contains(modulus.count), (1...8).contains(exponent.count)
            else { return nil }
            return .rsa(modulus: Array(modulus), exponent: Array(exponent))
        case "EC":
            guard let curve = wire.crv.flatMap(JSONWebKey.Curve.init(rawValue:)),
                let x = wire.x.flatMap({ Base64URL.decode($0) }), x.count == curve.coordinateLength,
                let y = wire.y.flatMap({ Base64URL.decode($0) }), y.count == curve.coordinateLength
            else { return nil }
            return .ellipticCurve(curve, x: x, y: y)
        default: return nil
        }
    }
}
