import FoundationEssentials
import JSON

/// The header of a signed JWT (RFC 7515 §4).
public struct JOSEHeader: Sendable, Equatable {
    public let algorithm: SignatureAlgorithm
    public let keyID: KeyID?
    public let type: String?

    public init(algorithm: SignatureAlgorithm, keyID: KeyID?, type: String? = nil) {
        self.algorithm = algorithm
        self.keyID = keyID
        self.type = type
    }

    private struct Wire: Decodable {
        let alg: String
        let kid: String?
        let typ: String?
        /// Even as null, or of another type than RFC 7515 §4.1.11 gives it.
        let hasCriticalExtensions: Bool

        private enum CodingKeys: CodingKey { case alg, kid, typ, crit }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            alg = try container.decode(String.self, forKey: .alg)
            kid = try container.decodeIfPresent(String.self, forKey: .kid)
            typ = try container.decodeIfPresent(String.self, forKey: .typ)
            hasCriticalExtensions = container.contains(.crit)
        }
    }

    /// Reads the JSON text of a header. An unknown `alg` and any `crit` are refused.
    init(json: [UInt8]) throws(JOSEError) {
        let wire: Wire
        do {
            wire = try JSONDecoder().decode(Wire.self, from: Data(json))
        } catch {
            throw .malformed("the header is not a JSON object with the string member alg")
        }
        guard !wire.hasCriticalExtensions else { throw .criticalExtension }
        guard let algorithm = SignatureAlgorithm(rawValue: wire.alg) else { throw .unsupportedAlgorithm }
        self.init(algorithm: algorithm, keyID: wire.kid.map(KeyID.init(rawValue:)), type: wire.typ)
    }

    var json: JSONValue {
        var members = [JSONValue.Member("alg", .string(algorithm.rawValue))]
        if let type { members.append(.init("typ", .string(type))) }
        if let keyID { members.append(.init("kid", .string(keyID.rawValue))) }
        return .object(members)
    }
}
