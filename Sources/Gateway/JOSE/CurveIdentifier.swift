import FoundationEssentials

/// The object identifiers of curves (RFC 5480 §2.1.1.1), which private keys in PKCS#8 and SEC 1 contain.
enum CurveIdentifier {
    /// Whether the key in the PEM document has that curve.
    static func isNamed(_ curve: JSONWebKey.Curve, in pem: String) -> Bool {
        let wanted = encoded(curve)
        return blocks(of: pem).contains { block in
            guard block.count >= wanted.count else { return false }
            return (0...(block.count - wanted.count)).contains { block[$0..<($0 + wanted.count)].elementsEqual(wanted) }
        }
    }

    /// The identifier in DER.
    private static func encoded(_ curve: JSONWebKey.Curve) -> [UInt8] {
        switch curve {
        case .p256: [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
        case .p384: [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22]
        case .p521: [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23]
        }
    }

    private static func blocks(of pem: String) -> [[UInt8]] {
        var blocks: [[UInt8]] = []
        var base64 = ""
        for line in pem.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("-----") {
                if let data = Data(base64Encoded: base64), !data.isEmpty { blocks.append(Array(data)) }
                base64 = ""
            } else {
                base64 += line.filter { !$0.isWhitespace }
            }
        }
        return blocks
    }
}

extension SignatureAlgorithm {
    /// The algorithm's curve (RFC 7518 §3.4); nil for RSA.
    var curve: JSONWebKey.Curve? {
        switch self {
        case .rs256, .rs384, .rs512: nil
        case .es256: .p256
        case .es384: .p384
        case .es512: .p521
        }
    }
}
