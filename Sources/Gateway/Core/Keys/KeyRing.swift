package import FoundationEssentials
package import JOSE

/// All keys of one endpoint. At most one signs; every key that a verifier may still need is in the key set.
///
/// A value: its changes are in `KeyRing+Changes`, what to change next is ``nextStep(at:policy:evidence:)``.
package struct KeyRing: Sendable {
    /// A key goes through these in their order, and is then gone.
    package enum State: String, Sendable, Codable, CaseIterable {
        /// In the key set, which the issuer URL does not serve yet as far as anybody has seen.
        case prepared
        /// In the key set that the issuer URL serves; waits until every cache has it.
        case published
        /// Signs.
        case active
        /// Signs no more; its tokens are still about.
        case retiring
    }

    package struct Key: Sendable {
        package let signingKey: SigningKey
        package internal(set) var state: State
        package let created: Date
        package let certificate: KeyCertificate
        /// When the issuer URL was first seen to serve it, after the last time it was seen without.
        package internal(set) var published: Date?
        package internal(set) var activated: Date?
        /// When it stopped signing.
        package internal(set) var retired: Date?
        /// The longest life of a token that it may have signed, in seconds; 0 before it signs.
        package internal(set) var maximumTokenLifetime: Int

        package init(
            signingKey: SigningKey, state: State, created: Date, certificate: KeyCertificate, published: Date? = nil,
            activated: Date? = nil, retired: Date? = nil, maximumTokenLifetime: Int = 0
        ) {
            self.signingKey = signingKey
            self.state = state
            self.created = created
            self.certificate = certificate
            self.published = published
            self.activated = activated
            self.retired = retired
            self.maximumTokenLifetime = maximumTokenLifetime
        }

        package var keyID: KeyID { signingKey.keyID }
    }

    /// A key that was revoked; nothing of it is kept but its name.
    package struct RevokedKey: Sendable, Equatable, Codable {
        package let kid: KeyID
        package let revoked: Date

        package init(kid: KeyID, revoked: Date) {
            self.kid = kid
            self.revoked = revoked
        }
    }

    /// What the ring has seen of the endpoint's `issuer.keypair`.
    package struct ImportedKeyPair: Sendable, Equatable, Codable {
        /// The Secret's name.
        package let name: String
        /// The Secret's uid.
        package let uid: String
        /// Of the key that it held.
        package let kid: KeyID
        /// Whether it was there when it was last looked for.
        package let isPresent: Bool

        package init(name: String, uid: String, kid: KeyID, isPresent: Bool) {
            self.name = name
            self.uid = uid
            self.kid = kid
            self.isPresent = isPresent
        }
    }

    /// The endpoint's name.
    package let endpoint: String
    /// Random, made with the ring and never changed: tells its published documents from every other ring's.
    package let owner: String
    /// Grows by one with every write of the ring.
    package internal(set) var revision: Int
    /// In the order in which they came.
    package internal(set) var keys: [Key]
    /// The last ones, so that none of them is ever taken back.
    package internal(set) var revoked: [RevokedKey]
    package internal(set) var keypair: ImportedKeyPair?

    package init(
        endpoint: String, owner: String, revision: Int = 1, keys: [Key], revoked: [RevokedKey] = [],
        keypair: ImportedKeyPair? = nil
    ) {
        self.endpoint = endpoint
        self.owner = owner
        self.revision = revision
        self.keys = keys
        self.revoked = revoked
        self.keypair = keypair
    }

    package var active: Key? { keys.first { $0.state == .active } }

    /// The key that is to sign next: at most one at a time.
    package var successor: Key? { keys.first { $0.state == .prepared || $0.state == .published } }

    package subscript(_ keyID: KeyID) -> Key? { keys.first { $0.keyID == keyID } }

    /// What verifiers get.
    package var publicKeys: JSONWebKeySet { JSONWebKeySet(keys: keys.map(\.signingKey.publicKey)) }
}
