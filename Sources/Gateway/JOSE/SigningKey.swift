import Crypto
import CryptoExtras
import FoundationEssentials
import JSON
internal import RSASigning

/// A private key with its signature algorithm. Its `description` is redacted.
public struct SigningKey: Sendable {
    enum Material: Sendable {
        case rsa(_RSA.Signing.PrivateKey, RSASigner)
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case p521(P521.Signing.PrivateKey)
    }

    /// The supported lengths of RSA moduli, in bits.
    public static let rsaKeySizes = 2048...4096

    /// The algorithm of the key's signatures.
    public let algorithm: SignatureAlgorithm
    /// The public key. Its `kid` is the thumbprint (RFC 7638).
    public let publicKey: JSONWebKey
    let material: Material
    /// The base64url form of the header of tokens with `typ: JWT`.
    private let encodedHeader: [UInt8]

    /// The base64url form of the header of a token.
    func encodedHeader(type: String) -> [UInt8] {
        guard type != "JWT" else { return encodedHeader }
        return Base64URL.encodedBytes(JOSEHeader(algorithm: algorithm, keyID: keyID, type: type).json.utf8Text)
    }

    /// The `kid` of the public key.
    public var keyID: KeyID { publicKey.keyID }

    private init(material: Material, algorithm: SignatureAlgorithm) throws(JOSEError) {
        self.material = material
        self.algorithm = algorithm
        self.publicKey = try JSONWebKey(publicKeyOf: material, algorithm: algorithm)
        let header = JOSEHeader(algorithm: algorithm, keyID: publicKey.keyID, type: "JWT")
        self.encodedHeader = Base64URL.encodedBytes(header.json.utf8Text)
    }

    /// Creates a key from the system's random source. RSA keys take tens to hundreds of milliseconds.
    ///
    /// - Parameter rsaKeySize: the length of the modulus in bits, 2048 to 4096; ignored for elliptic curves.
    public static func generate(_ algorithm: SignatureAlgorithm, rsaKeySize: Int = 2048) throws(JOSEError) -> SigningKey
    {
        switch algorithm {
        case .rs256, .rs384, .rs512:
            guard rsaKeySizes.contains(rsaKeySize), rsaKeySize % 8 == 0 else {
                throw .unusableKey("an RSA key has 2048 to 4096 bits")
            }
            let key: _RSA.Signing.PrivateKey
            do {
                key = try _RSA.Signing.PrivateKey(keySize: .init(bitCount: rsaKeySize))
            } catch {
                throw .unusableKey("an RSA key of \(rsaKeySize) bits could not be created")
            }
            return try SigningKey(material: .rsa(key, signer(key, algorithm)), algorithm: algorithm)
        case .es256: return try SigningKey(material: .p256(.init()), algorithm: algorithm)
        case .es384: return try SigningKey(material: .p384(.init()), algorithm: algorithm)
        case .es512: return try SigningKey(material: .p521(.init()), algorithm: algorithm)
        }
    }

    /// Reads a private key in PEM: PKCS#8, PKCS#1 or SEC 1.
    ///
    /// - Throws: `unusableKey` where the text is not a private key, the key does not have the algorithm's type or curve,
    ///   or its RSA size is outside of ``rsaKeySizes``.
    public init(pem: String, algorithm: SignatureAlgorithm) throws(JOSEError) {
        func read<Key>(_ parse: () throws -> Key, _ what: String) throws(JOSEError) -> Key {
            do { return try parse() } catch { throw .unusableKey("not \(what) in PEM") }
        }
        let material: Material
        switch algorithm {
        case .rs256, .rs384, .rs512:
            let key = try read({ try _RSA.Signing.PrivateKey(unsafePEMRepresentation: pem) }, "an RSA private key")
            guard Self.rsaKeySizes.contains(key.keySizeInBits) else {
                throw .unusableKey("an RSA key has 2048 to 4096 bits, not \(key.keySizeInBits)")
            }
            material = .rsa(key, try Self.signer(key, algorithm))
        case .es256: material = .p256(try read({ try .init(pemRepresentation: pem) }, "a P-256 private key"))
        case .es384: material = .p384(try read({ try .init(pemRepresentation: pem) }, "a P-384 private key"))
        case .es512: material = .p521(try read({ try .init(pemRepresentation: pem) }, "a P-521 private key"))
        }
        // The parser accepts a key of another curve with the same number of bits.
        if let curve = algorithm.curve, !CurveIdentifier.isNamed(curve, in: pem) {
            throw .unusableKey("not a \(curve.rawValue) private key in PEM")
        }
        try self.init(material: material, algorithm: algorithm)
    }

    private static func signer(
        _ key: _RSA.Signing.PrivateKey, _ algorithm: SignatureAlgorithm
    ) throws(JOSEError) -> RSASigner {
        let digest: RSASigner.Digest =
            switch algorithm.hash {
            case .sha256: .sha256
            case .sha384: .sha384
            case .sha512: .sha512
            }
        var der = [UInt8](key.derRepresentation)
        defer { cleanse(&der) }
        guard let signer = RSASigner(der: der, digest: digest) else { throw .unusableKey("not an RSA private key") }
        return signer
    }

    /// The private key as PKCS#8 in PEM: for a key store only.
    public var pkcs8PEM: String {
        switch material {
        case .rsa(let key, _): key.pkcs8PEMRepresentation
        case .p256(let key): key.pemRepresentation
        case .p384(let key): key.pemRepresentation
        case .p521(let key): key.pemRepresentation
        }
    }

    /// Signs a message.
    ///
    /// - Returns: PKCS#1 v1.5 for RS… (RFC 7518 §3.3), the concatenation of both integers for ES… (RFC 7518 §3.4).
    public func signature(of message: [UInt8]) throws(JOSEError) -> [UInt8] {
        do {
            switch material {
            case .rsa(_, let signer):
                guard let signature = signer.signature(of: message) else {
                    throw JOSEError.unusableKey("signing failed")
                }
                return signature
            case .p256(let key): return Array(try key.signature(for: SHA256.hash(data: message)).rawRepresentation)
            case .p384(let key): return Array(try key.signature(for: SHA384.hash(data: message)).rawRepresentation)
            case .p521(let key): return Array(try key.signature(for: SHA512.hash(data: message)).rawRepresentation)
            }
        } catch {
            throw .unusableKey("signing failed")
        }
    }
}

extension SigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The algorithm and the `kid`, without key material.
    public var description: String { "SigningKey(\(algorithm.rawValue), kid \(keyID))" }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// The `kid` only, so that `dump` prints no key material.
    public var customMirror: Mirror { Mirror(self, children: ["keyID": keyID.rawValue], displayStyle: .struct) }
}
