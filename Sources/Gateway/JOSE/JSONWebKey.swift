import Crypto
import CryptoExtras
import FoundationEssentials
public import JSON
import Synchronization

/// A public key as a JSON Web Key (RFC 7517, RFC 7518 §6). It cannot contain private members.
public struct JSONWebKey: Sendable, Equatable {
    /// The public parameters, as unsigned big-endian bytes.
    public enum Parameters: Sendable, Equatable {
        /// An RSA key (RFC 7518 §6.3.1).
        case rsa(modulus: [UInt8], exponent: [UInt8])
        /// An elliptic curve key (RFC 7518 §6.2.1).
        case ellipticCurve(Curve, x: [UInt8], y: [UInt8])
    }

    /// The curves of RFC 7518 §6.2.1.1.
    public enum Curve: String, Sendable {
        /// The curve of ES256.
        case p256 = "P-256"
        /// The curve of ES384.
        case p384 = "P-384"
        /// The curve of ES512.
        case p521 = "P-521"

        /// The length of a coordinate in bytes (RFC 7518 §6.2.1.2).
        var coordinateLength: Int {
            switch self {
            case .p256: 32
            case .p384: 48
            case .p521: 66
            }
        }

        var algorithm: SignatureAlgorithm {
            switch self {
            case .p256: .es256
            case .p384: .es384
            case .p521: .es512
            }
        }
    }

    /// The member `kid`.
    public let keyID: KeyID
    /// The member `alg` (RFC 7517 §4.4); nil where it is absent and the key's type determines the algorithm.
    public let algorithm: SignatureAlgorithm?
    /// The members of the key's type.
    public let parameters: Parameters
    private let rsaKey = PreparedRSAKey()

    /// Creates a key.
    public init(keyID: KeyID, algorithm: SignatureAlgorithm?, parameters: Parameters) {
        self.keyID = keyID
        self.algorithm = algorithm
        self.parameters = parameters
    }

    /// Creates a key whose `kid` is its thumbprint.
    init(algorithm: SignatureAlgorithm?, parameters: Parameters) {
        self.init(keyID: parameters.thumbprint, algorithm: algorithm, parameters: parameters)
    }

    init(publicKeyOf material: SigningKey.Material, algorithm: SignatureAlgorithm) throws(JOSEError) {
        func curve(_ curve: Curve, _ raw: Data) -> Parameters {
            .ellipticCurve(curve, x: Array(raw.prefix(raw.count / 2)), y: Array(raw.suffix(raw.count / 2)))
        }
        switch material {
        case .rsa(let key, _):
            let primitives: _RSA.Signing.PublicKey.Primitives
            do {
                primitives = try key.publicKey.getKeyPrimitives()
            } catch {
                throw .unusableKey("its public parameters cannot be read")
            }
            self.init(
                algorithm: algorithm,
                parameters: .rsa(
                    modulus: Array(primitives.modulus.drop { $0 == 0 }),
                    exponent: Array(primitives.publicExponent.drop { $0 == 0 })))
        case .p256(let key):
            self.init(algorithm: algorithm, parameters: curve(.p256, key.publicKey.rawRepresentation))
        case .p384(let key):
            self.init(algorithm: algorithm, parameters: curve(.p384, key.publicKey.rawRepresentation))
        case .p521(let key):
            self.init(algorithm: algorithm, parameters: curve(.p521, key.publicKey.rawRepresentation))
        }
    }

    /// The key as JSON: `kty`, `use`, `alg`, `kid` and the public parameters.
    public var json: JSONValue {
        var members: [JSONValue.Member] = []
        switch parameters {
        case .rsa: members.append(.init("kty", "RSA"))
        case .ellipticCurve: members.append(.init("kty", "EC"))
        }
        members.append(.init("use", "sig"))
        if let algorithm { members.append(.init("alg", .string(algorithm.rawValue))) }
        members.append(.init("kid", .string(keyID.rawValue)))
        switch parameters {
        case .rsa(let modulus, let exponent):
            members.append(.init("n", .string(Base64URL.encode(modulus))))
            members.append(.init("e", .string(Base64URL.encode(exponent))))
        case .ellipticCurve(let curve, let x, let y):
            members.append(.init("crv", .string(curve.rawValue)))
            members.append(.init("x", .string(Base64URL.encode(x))))
            members.append(.init("y", .string(Base64URL.encode(y))))
        }
        return .object(members)
    }

    /// Verifies a signature.
    ///
    /// - Throws: `unknownKey` where the key is not for the algorithm; `invalidSignature`.
    public func verify(
        _ signature: [UInt8], of message: [UInt8], algorithm: SignatureAlgorithm
    ) throws(JOSEError) {
        guard self.algorithm == nil || self.algorithm == algorithm else { throw .unknownKey }
        let valid: Bool
        do {
            switch parameters {
            case .rsa(let modulus, let exponent):
                guard algorithm.usesRSA else { throw JOSEError.unknownKey }
                let key = try rsaKey.key(modulus: modulus, exponent: exponent)
                let value = _RSA.Signing.RSASignature(rawRepresentation: signature)
                switch algorithm.hash {
                case .sha256:
                    valid = key.isValidSignature(value, for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
                case .sha384:
                    valid = key.isValidSignature(value, for: SHA384.hash(data: message), padding: .insecurePKCS1v1_5)
                case .sha512:
                    valid = key.isValidSignature(value, for: SHA512.hash(data: message), padding: .insecurePKCS1v1_5)
                }
            case .ellipticCurve(let curve, let x, let y):
                guard curve.algorithm == algorithm else { throw JOSEError.unknownKey }
                switch curve {
                case .p256:
                    let key = try P256.Signing.PublicKey(rawRepresentation: x + y)
                    valid = key.isValidSignature(
                        try .init(rawRepresentation: signature), for: SHA256.hash(data: message))
                case .p384:
                    let key = try P384.Signing.PublicKey(rawRepresentation: x + y)
                    valid = key.isValidSignature(
                        try .init(rawRepresentation: signature), for: SHA384.hash(data: message))
                case .p521:
                    let key = try P521.Signing.PublicKey(rawRepresentation: x + y)
                    valid = key.isValidSignature(
                        try .init(rawRepresentation: signature), for: SHA512.hash(data: message))
                }
            }
        } catch let error as JOSEError {
            throw error
        } catch {
            throw .invalidSignature
        }
        guard valid else { throw .invalidSignature }
    }
}

/// The library's form of an RSA key. It is created for the first signature, since most keys of a key set verify none. It
/// follows from the parameters, so comparisons do not include it.
private final class PreparedRSAKey: Sendable, Equatable {
    private let key = Mutex<_RSA.Signing.PublicKey?>(nil)

    func key(modulus: [UInt8], exponent: [UInt8]) throws -> _RSA.Signing.PublicKey {
        try key.withLock { key in
            if let key { return key }
            let made = try _RSA.Signing.PublicKey(n: modulus, e: exponent)
            key = made
            return made
        }
    }

    static func == (left: PreparedRSAKey, right: PreparedRSAKey) -> Bool { true }
}

extension JSONWebKey.Parameters {
    /// The SHA-256 thumbprint of RFC 7638 §3: the required members, sorted by name, without white space.
    public var thumbprint: KeyID {
        let required: JSONValue
        switch self {
        case .rsa(let modulus, let exponent):
            required = [
                "e": .string(Base64URL.encode(exponent)), "kty": "RSA", "n": .string(Base64URL.encode(modulus)),
            ]
        case .ellipticCurve(let curve, let x, let y):
            required = [
                "crv": .string(curve.rawValue), "kty": "EC", "x": .string(Base64URL.encode(x)),
                "y": .string(Base64URL.encode(y)),
            ]
        }
        return KeyID(rawValue: Base64URL.encode(Array(SHA256.hash(data: required.utf8Text))))
    }
}
