import GatewayCore
import JOSE
import SwiftASN1
import X509

/// The port to what an endpoint's `issuer.keypair` names: a certificate and its key, read and never written.
protocol KeyPairReading: Sendable {
    /// nil where there is none of that name.
    ///
    /// - Throws: `refused` where it is not a certificate and a key, as text; whether they fit is not looked at.
    func read(_ name: String) async throws(StoreError) -> KeyPairMaterial?
}

/// A certificate and its private key, as text. It does not print.
struct KeyPairMaterial: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Of the Secret: another one where that was deleted and made anew.
    let uid: String
    let certificatePEM: String
    let keyPEM: String

    var description: String { "key pair of Secret \(uid)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}

extension FoundKeyPair {
    /// - Throws: `refused` where the two are no certificate and no key that can sign with the algorithm, or do not fit.
    init(name: String, _ material: KeyPairMaterial, algorithm: SignatureAlgorithm) throws(StoreError) {
        let signingKey: SigningKey
        do {
            signingKey = try SigningKey(pem: material.keyPEM, algorithm: algorithm)
        } catch {
            throw .refused(
                "the key of issuer.keypair \"\(name)\" cannot sign with \(algorithm.rawValue) (\(error)); "
                    + "give it such a key, or set token.algorithm")
        }
        guard let certificate = KeyCertificate(pem: material.certificatePEM) else {
            throw .refused("issuer.keypair \"\(name)\" has no certificate in PEM")
        }
        guard Self.fit(material.certificatePEM, signingKey) else {
            throw .refused(
                "the certificate of issuer.keypair \"\(name)\" is not of its key; give it the two that belong together")
        }
        self.init(name: name, uid: material.uid, signingKey: signingKey, certificate: certificate)
    }

    /// Whether the first certificate is of the key.
    private static func fit(_ certificatePEM: String, _ key: SigningKey) -> Bool {
        guard let document = try? PEMDocument.parseMultiple(pemString: certificatePEM).first,
            let certificate = try? Certificate(derEncoded: document.derBytes),
            let own = try? Certificate.PrivateKey(pemEncoded: key.pkcs8PEM).publicKey
        else { return false }
        return certificate.publicKey == own
    }
}
