package import JOSE

/// What an endpoint's `issuer.keypair` holds: input, never written.
package struct FoundKeyPair: Sendable {
    /// The Secret's name.
    package let name: String
    /// The Secret's uid.
    package let uid: String
    package let signingKey: SigningKey
    package let certificate: KeyCertificate

    package init(name: String, uid: String, signingKey: SigningKey, certificate: KeyCertificate) {
        self.name = name
        self.uid = uid
        self.signingKey = signingKey
        self.certificate = certificate
    }

    /// What the ring keeps of it.
    package var record: KeyRing.ImportedKeyPair {
        KeyRing.ImportedKeyPair(name: name, uid: uid, kid: signingKey.keyID, isPresent: true)
    }
}

/// What a look at the `issuer.keypair` asks of the ring.
package enum KeyPairStep: Sendable, Equatable {
    case nothing
    /// Only what was seen is written down.
    case record(KeyRing.ImportedKeyPair?)
    /// Its key is taken in, and becomes the next to sign.
    case takeIn
    /// It was there and is gone: a key is made, once (the way of those who delete the Secret to rotate).
    case replace(KeyRing.ImportedKeyPair)
    /// It is seen to once the rotation under way is over.
    case later
    /// It holds a key that was revoked.
    case refuse(KeyID)
}

extension KeyRing {
    /// - Parameters:
    ///   - name: as configured; nil where the endpoint has none.
    ///   - found: nil where there is no such Secret.
    package func keyPairStep(name: String?, found: FoundKeyPair?) -> KeyPairStep {
        guard name != nil else { return keypair == nil ? .nothing : .record(nil) }
        guard let found else {
            guard let keypair, keypair.isPresent, keypair.name == name else { return .nothing }
            guard successor == nil else { return .later }
            return .replace(ImportedKeyPair(name: keypair.name, uid: keypair.uid, kid: keypair.kid, isPresent: false))
        }
        let kid = found.signingKey.keyID
        if revoked.contains(where: { $0.kid == kid }) { return .refuse(kid) }
        if self[kid] != nil || keypair?.kid == kid && keypair?.isPresent == true {
            return keypair == found.record ? .nothing : .record(found.record)
        }
        return successor == nil && keys.count < RotationPolicy.maximumKeys ? .takeIn : .later
    }
}
