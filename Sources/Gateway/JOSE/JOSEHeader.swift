import FoundationEssentials
import JSON

/// The header of a signed JWT (RFC 7515 §4).
public struct JOSEHeader: Sendable, Equatable {
    /// The parameter `alg`.
    public let algorithm: SignatureAlgorithm
    /// The parameter `kid`; nil where it is absent.
    public let keyID: KeyID?
    /// The parameter `typ`; nil where it is absent.
    public let type: String?

    /// Creates a header.
    public init(algorithm: SignatureAlgorithm, keyID: KeyID?, type: String? = nil) {
        self.algorithm = algorithm
        self.keyID = keyID
        self.type = type
    }

    /// Reads the JSON text of a header. Unknown parameters are ignored, except that any `crit` is rejected,
    /// with every value (RFC 7515 §4.1.11).
    ///
    /// - Throws: `malformed` if the text is not a JSON object with the string `alg`, has a duplicate parameter (RFC 7515
    ///   §4), or a `kid` or `typ` that is not a string; `criticalExtension`; `unsupportedAlgorithm`.
    init(json text: [UInt8]) throws(JOSEError) {
        let malformed = JOSEError.malformed("the header is not a JSON object with the string member alg")
        guard let json = try? JSONNode(parsing: text, limits: .jose), let name = json["alg"]?.stringValue else {
            throw malformed
        }
        for member in ["kid", "typ"] {
            if let value = json[member], value.stringValue == nil { throw malformed }
        }
        guard json["crit"] == nil else { throw .criticalExtension }
        guard let algorithm = SignatureAlgorithm(rawValue: name) else { throw .unsupportedAlgorithm }
        self.init(
            algorithm: algorithm, keyID: json["kid"]?.stringValue.map(KeyID.init(rawValue:)),
            type: json["typ"]?.stringValue)
    }

    var json: JSONValue {
        var members = [JSONValue.Member("alg", .string(algorithm.rawValue))]
        if let type { members.append(.init("typ", .string(type))) }
        if let keyID { members.append(.init("kid", .string(keyID.rawValue))) }
        return .object(members)
    }
}
