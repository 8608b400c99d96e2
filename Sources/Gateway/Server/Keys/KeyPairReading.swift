import GatewayCore
import JOSE
import SwiftASN1
import X509

/// The port that reads the certificate and the private key that `issuer.keypair` names.
protocol KeyPairReading: Sendable {
    /// Reads a key pair.
    ///
    /// - Returns: nil where there is none of that name.
    /// - Throws: `rejected` where a part is missing or not text. Whether the private key belongs to the certificate is
    ///   not checked.
    func read(_ name: String) async throws(StoreError) -> KeyPairMaterial?
}

/// A certificate and its private key as text. `description` is redacted.
struct KeyPairMaterial: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The uid of the Secret: another one where the Secret was deleted and created again.
    let uid: String
    let certificatePEM: String
    let keyPEM: String

    var description: String { "key pair of Secret \(uid)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}

extension FoundKeyPair {
    /// - Throws: `rejected` where the certificate or the key is malformed, the key does not support the algorithm, or
    ///   it does not belong to the certificate.
    init(name: String, _ material: KeyPairMaterial, algorithm: SignatureAlgorithm) throws(StoreError) {
        let signingKey: SigningKey
        do {
            signingKey = try SigningKey(pem: material.keyPEM, algorithm: algorithm)
        } catch {
            throw .rejected(
                "the key of issuer.keypair \"\(name)\" cannot sign with \(algorithm.rawValue) (\(error)); "
                    + "use a key for this algorithm, or set token.algorithm")
        }
        guard let certificate = KeyCertificate(pem: material.certificatePEM) else {
            throw .rejected("issuer.keypair \"\(name)\" has no certificate in PEM")
        }
        guard Self.belongs(signingKey, to: material.certificatePEM) else {
            throw .rejected(
                "the private key of issuer.keypair \"\(name)\" does not belong to its certificate; "
                    + "use a certificate and its private key")
        }
        self.init(name: name, uid: material.uid, signingKey: signingKey, certificate: certificate)
    }

    /// Whether the key belongs to the first certificate.
    private static func belongs(_ key: SigningKey, to certificatePEM: String) -> Bool {
        guard let document = try? PEMDocument.parseMultiple(pemString: certificatePEM).first,
            let certificate = try? Certificate(derEncoded: document.derBytes),
            let own = try? Certificate.PrivateKey(pemEncoded: key.pkcs8PEM).publicKey
        else { return false }
        return certificate.publicKey == own
    }
}
