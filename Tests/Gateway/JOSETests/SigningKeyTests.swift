import Crypto
import CryptoExtras
import FoundationEssentials
import GatewayTestSupport
import JOSE
import Testing

@Suite("A signing key")
struct SigningKeyTests {
    @Test("parses from its own PKCS#8 PEM", arguments: SignatureAlgorithm.allCases)
    func pkcs8(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.generate(algorithm)
        #expect(key.pkcs8PEM.hasPrefix("-----BEGIN PRIVATE KEY-----"))
        let read = try SigningKey(pem: key.pkcs8PEM, algorithm: algorithm)
        #expect(read.publicKey == key.publicKey)
        try key.publicKey.verify(read.signature(of: [1, 2, 3]), of: [1, 2, 3], algorithm: algorithm)
    }

    @Test("of RSA is parsed from PKCS#1")
    func pkcs1() throws {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        #expect(key.pemRepresentation.hasPrefix("-----BEGIN RSA PRIVATE KEY-----"))
        let read = try SigningKey(pem: key.pemRepresentation, algorithm: .rs256)
        #expect(read.publicKey == (try SigningKey(pem: key.pkcs8PEMRepresentation, algorithm: .rs256)).publicKey)
    }

    @Test("of P-256 is parsed from SEC 1")
    func sec1() throws {
        let key = P256.Signing.PrivateKey()
        // ECPrivateKey of RFC 5915 §3 for prime256v1.
        let der =
            [0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20] + Array(key.rawRepresentation)
            + [0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0xA1, 0x44, 0x03, 0x42, 0x00]
            + Array(key.publicKey.x963Representation)
        let pem = Self.pem("EC PRIVATE KEY", der)
        let read = try SigningKey(pem: pem, algorithm: .es256)
        #expect(read.publicKey == (try SigningKey(pem: key.pemRepresentation, algorithm: .es256)).publicKey)
    }

    @Test("of RSA has 2048 to 4096 bits")
    func rsaSizes() throws {
        let short = try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1024))
        #expect(throws: JOSEError.unusableKey("an RSA key has 2048 to 4096 bits, not 1024")) {
            try SigningKey(pem: short.pkcs8PEMRepresentation, algorithm: .rs256)
        }
        for size in [0, -1, 1024, 2047, 2049, 4104, Int.max] {
            #expect(throws: JOSEError.self) { try SigningKey.generate(.rs256, rsaKeySize: size) }
        }
    }

    @Test("has its algorithm's type and curve", arguments: SignatureAlgorithm.allCases)
    func wrongKind(algorithm: SignatureAlgorithm) throws {
        let rsa = TestKeys.rsa.pkcs8PEM
        let ec = TestKeys.ec.pkcs8PEM
        if !algorithm.usesRSA { #expect(throws: JOSEError.self) { try SigningKey(pem: rsa, algorithm: algorithm) } }
        if algorithm != .es256 { #expect(throws: JOSEError.self) { try SigningKey(pem: ec, algorithm: algorithm) } }
    }

    @Test("is rejected where the text is not a private key", arguments: SignatureAlgorithm.allCases)
    func noKey(algorithm: SignatureAlgorithm) throws {
        let texts = [
            "", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----",
            Self.pem("PRIVATE KEY", [0x30, 0x00]), Self.pem("CERTIFICATE", [1, 2, 3]),
            String(TestKeys.rsa.pkcs8PEM.prefix(600)), P256.Signing.PrivateKey().publicKey.pemRepresentation,
        ]
        for text in texts {
            #expect(throws: JOSEError.self) { try SigningKey(pem: text, algorithm: algorithm) }
        }
    }

    @Test("is redacted in print, dump and mirror", arguments: SignatureAlgorithm.allCases)
    func doesNotPrint(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.generate(algorithm)
        struct Holder { let key: SigningKey; let list: [SigningKey]; let maybe: SigningKey? }
        let holder = Holder(key: key, list: [key], maybe: key)
        var printed = "\(key) \(holder) \(String(describing: key)) \(String(reflecting: holder)) \([key])"
        printed += key.description + key.debugDescription
        dump(key, to: &printed)
        dump(holder, to: &printed)
        print(key, holder, to: &printed)
        #expect(printed.contains(key.keyID.rawValue))
        #expect(!printed.contains("PRIVATE"))
        for line in key.pkcs8PEM.split(separator: "\n").dropFirst().dropLast() {
            #expect(!printed.contains(line))
        }
        // The parsed key's parts in the formats of a dump.
        #expect(!printed.contains("bytes)") && !printed.contains("UInt8") && !printed.contains("material"))
    }

    @Test("is not in the text of an error", arguments: SignatureAlgorithm.allCases)
    func errors(algorithm: SignatureAlgorithm) throws {
        let pem = TestKeys.rsa.pkcs8PEM
        let body = pem.split(separator: "\n")[1]
        let error = #expect(throws: JOSEError.self) {
            try SigningKey(pem: String(pem.prefix(700)), algorithm: algorithm)
        }
        let printed = try #require(error.map { "\($0) \(String(reflecting: $0))" })
        #expect(!printed.contains(body))
    }

    private static func pem(_ label: String, _ der: [UInt8]) -> String {
        let text = Array(Data(der).base64EncodedString())
        let lines = stride(from: 0, to: text.count, by: 64).map { String(text[$0..<min($0 + 64, text.count)]) }
        return "-----BEGIN \(label)-----\n\(lines.joined(separator: "\n"))\n-----END \(label)-----\n"
    }

    @Test("of another curve with as many bits is rejected, in both forms of PEM")
    func foreignCurve() throws {
        // openssl ecparam -name secp256k1 -genkey, and the same in PKCS#8.
        for pem in [Self.secp256k1, Self.secp256k1InPKCS8] {
            #expect(throws: JOSEError.unusableKey("not a P-256 private key in PEM")) {
                try SigningKey(pem: pem, algorithm: .es256)
            }
        }
    }
}

extension SigningKeyTests {
    fileprivate static let secp256k1 = """
        -----BEGIN EC PRIVATE KEY-----
        MHQCAQEEIO035WSYXMRdgq62tgMPC26tN9FQRcmBIKadiCyjSv8boAcGBSuBBAAK
        oUQDQgAEd4owmkvQ7Clry/qCSEsaFmHeDi2yRK4YTeH4cvkOUANPYLE0sFnJ9Gr1
        NtuFj5JsMhriIllOfz5Qrryi2Ksh+g==
        -----END EC PRIVATE KEY-----
        """

    fileprivate static let secp256k1InPKCS8 = """
        -----BEGIN PRIVATE KEY-----
        MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQg7TflZJhcxF2Crra2Aw8L
        bq030VBFyYEgpp2ILKNK/xuhRANCAAR3ijCaS9DsKWvL+oJISxoWYd4OLbJErhhN
        4fhy+Q5QA09gsTSwWcn0avU224WPkmwyGuIiWU5/PlCuvKLYqyH6
        -----END PRIVATE KEY-----
        """
}
