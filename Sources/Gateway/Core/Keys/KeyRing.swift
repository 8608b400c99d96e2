package import FoundationEssentials
package import JOSE

/// All keys of one endpoint. At most one signs; the key set contains every key that a verifier may still need.
///
/// A value: its changes are in `KeyRing+Changes`, and ``nextStep(at:policy:evidence:)`` determines the next one.
package struct KeyRing: Sendable {
    /// The states of a key, in their order. After the last one the key is removed.
    package enum State: String, Sendable, Codable, CaseIterable {
        /// In the key set; the issuer URL was not observed to serve the key yet.
        case prepared
        /// Served by the issuer URL; waits until caches have expired.
        case published
        /// Signs tokens.
        case active
        /// Does not sign any more; its tokens may still be valid.
        case retiring
    }

    /// A key of the ring with its state.
    package struct Key: Sendable {
        package let signingKey: SigningKey
        package internal(set) var state: State
        package internal(set) var created: Date
        package let certificate: KeyCertificate
        /// When the issuer URL was first observed to serve the key, after the last time it did not.
        package internal(set) var published: Date?
        package internal(set) var activated: Date?
        /// When the key stopped signing.
        package internal(set) var retired: Date?
        /// The maximum lifetime of the tokens that the key has signed, in seconds; 0 before it signs.
        package internal(set) var maximumTokenLifetime: Int
        /// Whether the key waits for a revocation or the next rotation, after the relying party holds it.
        package internal(set) var isStandby: Bool
        /// Whether an operator has approved the activation, where that is manual.
        package internal(set) var isApproved: Bool

        package init(
            signingKey: SigningKey, state: State, created: Date, certificate: KeyCertificate, published: Date? = nil,
            activated: Date? = nil, retired: Date? = nil, maximumTokenLifetime: Int = 0, isStandby: Bool = false,
            isApproved: Bool = false
        ) {
            self.signingKey = signingKey
            self.state = state
            self.created = created
            self.certificate = certificate
            self.published = published
            self.activated = activated
            self.retired = retired
            self.maximumTokenLifetime = maximumTokenLifetime
            self.isStandby = isStandby
            self.isApproved = isApproved
        }

        package var keyID: KeyID { signingKey.keyID }
    }

    /// The ID of a revoked key.
    package struct RevokedKey: Sendable, Equatable, Codable {
        package let kid: KeyID
        package let revoked: Date

        package init(kid: KeyID, revoked: Date) {
            self.kid = kid
            self.revoked = revoked
        }
    }

    /// The last observed state of the endpoint's `issuer.keypair`.
    package struct ImportedKeyPair: Sendable, Equatable, Codable {
        /// The Secret's name.
        package let name: String
        /// The Secret's uid.
        package let uid: String
        /// The ID of the key in the Secret.
        package let kid: KeyID
        /// Whether the Secret existed when it was last read.
        package let isPresent: Bool

        package init(name: String, uid: String, kid: KeyID, isPresent: Bool) {
            self.name = name
            self.uid = uid
            self.kid = kid
            self.isPresent = isPresent
        }
    }

    /// The documents whose CDN invalidation is complete: SHA-256 of each, in lower-case hexadecimal. A leader that ends
    /// between a write and its invalidation leaves another digest, or none.
    package struct InvalidatedDocuments: Sendable, Equatable, Codable {
        package var keys: String?
        package var discovery: String?
        /// Of the key set at a configured path, by that path; nil for none.
        package var namedKeys: [String: String]?

        package init(keys: String? = nil, discovery: String? = nil, namedKeys: [String: String]? = nil) {
            self.keys = keys
            self.discovery = discovery
            self.namedKeys = namedKeys
        }
    }

    /// The endpoint's name.
    package let endpoint: String
    /// Random, chosen when the ring is created and never changed. It distinguishes the ring's published documents from
    /// those of every other ring.
    package let owner: String
    /// Grows by one with every write of the ring.
    package internal(set) var revision: Int
    /// In the order in which they were added.
    package internal(set) var keys: [Key]
    /// The latest revoked keys; they cannot be added again.
    package internal(set) var revoked: [RevokedKey]
    package internal(set) var keypair: ImportedKeyPair?
    /// nil where no invalidation was completed yet, or none is needed.
    package internal(set) var invalidated: InvalidatedDocuments?
    /// nil before the leader has recorded it.
    package internal(set) var issuer: IssuerRecord?
    /// Where this ring has published last; nil where it has not.
    package internal(set) var location: String?
    /// The latest keys that were handed over to a relying party (``KeyHandOver``), also those that left the ring: what else
    /// is stored there belongs to somebody else. Empty where no key was handed over.
    package internal(set) var handedOver: [KeyID]

    package init(
        endpoint: String, owner: String, revision: Int = 1, keys: [Key], revoked: [RevokedKey] = [],
        keypair: ImportedKeyPair? = nil, invalidated: InvalidatedDocuments? = nil, issuer: IssuerRecord? = nil,
        location: String? = nil, handedOver: [KeyID] = []
    ) {
        self.handedOver = handedOver
        self.issuer = issuer
        self.location = location
        self.invalidated = invalidated
        self.endpoint = endpoint
        self.owner = owner
        self.revision = revision
        self.keys = keys
        self.revoked = revoked
        self.keypair = keypair
    }

    /// The key that signs; nil after a revocation, until the next key is published.
    package var active: Key? { keys.first { $0.state == .active } }

    /// The key that signs next: at most one at a time.
    package var successor: Key? { keys.first { $0.state == .prepared || $0.state == .published } }

    /// The key that signs the publisher's own token: the active key, or its successor where no key is active because of a
    /// revocation, since the successor cannot become active before it is published.
    package var publisherKey: Key? { active ?? (revoked.isEmpty ? nil : successor) }

    /// The keys that a relying party can hold because of this ring: its own, those that it has revoked, and those that it
    /// has handed over.
    package var knownKeyIDs: Set<KeyID> { Set(keys.map(\.keyID)).union(revoked.map(\.kid)).union(handedOver) }

    package subscript(_ keyID: KeyID) -> Key? { keys.first { $0.keyID == keyID } }

    /// The published key set: the public keys of all keys.
    package var publicKeys: JSONWebKeySet { JSONWebKeySet(keys: keys.map(\.signingKey.publicKey)) }
}
