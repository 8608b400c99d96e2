import GatewayCore
import JOSE

/// The port to what an endpoint's `issuer.keypair` names: a certificate and its key, read and never written.
protocol KeyPairReading: Sendable {
    /// nil where there is none of that name.
    ///
    /// - Throws: `malformed` where it is not a certificate and a key, as text; whether they fit is not looked at.
    func read(_ name: String) async throws(KeyStoreError) -> KeyPairMaterial?
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
    /// - Throws: `malformed` where the two are no certificate and no key that can sign with the algorithm.
    init(name: String, _ material: KeyPairMaterial, algorithm: SignatureAlgorithm) throws(KeyStoreError) {
        let signingKey: SigningKey
        do {
            signingKey = try SigningKey(pem: material.keyPEM, algorithm: algorithm)
        } catch {
            throw .malformed(
                "the key of issuer.keypair \"\(name)\" cannot sign with \(algorithm.rawValue) (\(error)); "
                    + "give it such a key, or set token.algorithm")
        }
        guard let certificate = KeyCertificate(pem: material.certificatePEM) else {
            throw .malformed("issuer.keypair \"\(name)\" has no certificate in PEM")
        }
        self.init(name: name, uid: material.uid, signingKey: signingKey, certificate: certificate)
    }
}
