package import JOSE

/// The content of an endpoint's `issuer.keypair`. The gateway reads it and never writes it.
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

    /// The part that the ring stores.
    package var record: KeyRing.ImportedKeyPair {
        KeyRing.ImportedKeyPair(name: name, uid: uid, kid: signingKey.keyID, isPresent: true)
    }
}

/// The change of the ring that the state of `issuer.keypair` requires.
package enum KeyPairStep: Sendable, Equatable {
    case nothing
    /// Record the observed state.
    case record(KeyRing.ImportedKeyPair?)
    /// Import the key; it becomes the next key to sign.
    case importKey
    /// The Secret was deleted: create one new key. Operators delete the Secret to rotate.
    case replace(KeyRing.ImportedKeyPair)
    /// Wait until the current rotation is complete.
    case later
    /// Reject the key, since it was revoked.
    case reject(KeyID)
}

extension KeyRing {
    /// Compares the ring with the state of `issuer.keypair`.
    ///
    /// - Parameters:
    ///   - name: the configured Secret; nil where the endpoint has none.
    ///   - found: nil where the Secret does not exist.
    package func keyPairStep(name: String?, found: FoundKeyPair?) -> KeyPairStep {
        guard name != nil else { return keypair == nil ? .nothing : .record(nil) }
        guard let found else {
            guard let keypair, keypair.isPresent, keypair.name == name else { return .nothing }
            guard successor.map(\.isStandby) ?? true else { return .later }
            return .replace(ImportedKeyPair(name: keypair.name, uid: keypair.uid, kid: keypair.kid, isPresent: false))
        }
        let kid = found.signingKey.keyID
        if revoked.contains(where: { $0.kid == kid }) { return .reject(kid) }
        if self[kid] != nil || keypair?.kid == kid && keypair?.isPresent == true {
            return keypair == found.record ? .nothing : .record(found.record)
        }
        return successor.map(\.isStandby) ?? true && keys.count < RotationPolicy.maximumKeys ? .importKey : .later
    }
}
