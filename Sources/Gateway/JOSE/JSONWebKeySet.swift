import FoundationEssentials
public import JSON

/// A JSON Web Key Set (RFC 7517 §5) of public signature keys.
public struct JSONWebKeySet: Sendable, Equatable {
    /// The maximum number of keys in a set that is read.
    public static let maximumKeyCount = 200

    /// The keys in the order of the document.
    public let keys: [JSONWebKey]

    /// Creates a set.
    public init(keys: [JSONWebKey]) { self.keys = keys }

    /// The first key with the `kid`.
    public subscript(_ keyID: KeyID) -> JSONWebKey? { keys.first { $0.keyID == keyID } }

    /// The set as JSON.
    public var json: JSONValue { ["keys": .array(keys.map(\.json))] }

    /// Reads a set's JSON text. Unknown members are allowed. Keys of a type, curve, use or `key_ops` that cannot verify
    /// here, and keys with a member of the wrong type, are ignored (RFC 7517 §5).
    ///
    /// - Throws: `malformed` if the text is not a key set, has a duplicate member (RFC 7517 §4), a key without `kty`, or
    ///   more than ``maximumKeyCount`` keys.
    public init(parsing text: [UInt8]) throws(JOSEError) {
        guard let json = try? JSONValue(parsing: text, limits: .jose), let elements = json["keys"]?.elementList,
            elements.allSatisfy({ $0["kty"]?.stringValue != nil })
        else { throw .malformed("not a JSON Web Key Set") }
        guard elements.count <= Self.maximumKeyCount else {
            throw .malformed("a key set of more than \(Self.maximumKeyCount) keys")
        }
        self.keys = elements.compactMap(Self.key)
    }

    private static func key(_ json: JSONValue) -> JSONWebKey? {
        let optional = ["use", "alg", "kid"].compactMap { json[$0] }
        guard optional.allSatisfy({ $0.stringValue != nil }), json["use"] == nil || json["use"] == "sig" else {
            return nil
        }
        guard json["key_ops"].map(allowsVerifying) ?? true else { return nil }
        let name = json["alg"]?.stringValue
        let algorithm = name.flatMap(SignatureAlgorithm.init(rawValue:))
        guard (name == nil) == (algorithm == nil), let parameters = parameters(json) else { return nil }
        if let kid = json["kid"]?.stringValue {
            return JSONWebKey(keyID: KeyID(rawValue: kid), algorithm: algorithm, parameters: parameters)
        }
        return JSONWebKey(algorithm: algorithm, parameters: parameters)
    }

    /// Whether a `key_ops` member has the operation "verify" (RFC 7517 §4.3: an array of strings without duplicates).
    private static func allowsVerifying(_ operations: JSONValue) -> Bool {
        guard let names = operations.elementList?.map(\.stringValue), !names.contains(nil) else { return false }
        return names.count == Set(names).count && names.contains("verify")
    }

    private static func parameters(_ json: JSONValue) -> JSONWebKey.Parameters? {
        func bytes(_ name: String) -> [UInt8]? { json[name]?.stringValue.flatMap { Base64URL.decode($0) } }
        switch json["kty"] {
        case "RSA":
            guard let modulus = bytes("n")?.drop(while: { $0 == 0 }),
                let exponent = bytes("e")?.drop(while: { $0 == 0 }),
                (256...1024).contains(modulus.count), (1...8).contains(exponent.count)
            else { return nil }
            return .rsa(modulus: Array(modulus), exponent: Array(exponent))
        case "EC":
            guard let curve = json["crv"]?.stringValue.flatMap(JSONWebKey.Curve.init(rawValue:)),
                let x = bytes("x"), x.count == curve.coordinateLength,
                let y = bytes("y"), y.count == curve.coordinateLength
            else { return nil }
            return .ellipticCurve(curve, x: x, y: y)
        default: return nil
        }
    }
}
