import Crypto
import CryptoExtras
import FoundationEssentials

extension JSONWebKey {
    /// The key as `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7) in PEM, without a final line break.
    ///
    /// - Throws: `unusableKey` where the parameters are not those of a key.
    public func publicKeyPEM() throws(JOSEError) -> String {
        do {
            switch parameters {
            case .rsa(let modulus, let exponent):
                return try _RSA.Signing.PublicKey(n: modulus, e: exponent).pemRepresentation
            case .ellipticCurve(.p256, let x, let y):
                return try P256.Signing.PublicKey(rawRepresentation: x + y).pemRepresentation
            case .ellipticCurve(.p384, let x, let y):
                return try P384.Signing.PublicKey(rawRepresentation: x + y).pemRepresentation
            case .ellipticCurve(.p521, let x, let y):
                return try P521.Signing.PublicKey(rawRepresentation: x + y).pemRepresentation
            }
        } catch {
            throw .unusableKey("its public parameters are not valid")
        }
    }

    /// Reads a public key in PEM: `SubjectPublicKeyInfo`, or PKCS#1 for RSA. Its `kid` is its thumbprint.
    ///
    /// - Throws: `unusableKey` where the text is not an RSA key of 2,048 bits or more, or a key of a supported curve.
    public init(publicKeyPEM pem: String) throws(JOSEError) {
        if let key = try? _RSA.Signing.PublicKey(pemRepresentation: pem), let primitives = try? key.getKeyPrimitives() {
            self.init(
                algorithm: nil,
                parameters: .rsa(
                    modulus: Array(primitives.modulus.drop { $0 == 0 }),
                    exponent: Array(primitives.publicExponent.drop { $0 == 0 })))
            return
        }
        func key(_ curve: Curve, _ raw: Data) -> Parameters {
            .ellipticCurve(curve, x: Array(raw.prefix(raw.count / 2)), y: Array(raw.suffix(raw.count / 2)))
        }
        if CurveIdentifier.isNamed(.p256, in: pem), let found = try? P256.Signing.PublicKey(pemRepresentation: pem) {
            self.init(algorithm: nil, parameters: key(.p256, found.rawRepresentation))
        } else if CurveIdentifier.isNamed(.p384, in: pem),
            let found = try? P384.Signing.PublicKey(pemRepresentation: pem)
        {
            self.init(algorithm: nil, parameters: key(.p384, found.rawRepresentation))
        } else if CurveIdentifier.isNamed(.p521, in: pem),
            let found = try? P521.Signing.PublicKey(pemRepresentation: pem)
        {
            self.init(algorithm: nil, parameters: key(.p521, found.rawRepresentation))
        } else {
            throw .unusableKey("not a public key in PEM")
        }
    }
}
