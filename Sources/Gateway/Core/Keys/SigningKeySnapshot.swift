package import FoundationEssentials
package import GatewayPluginAPI

/// One state of an endpoint's keys: the key that signs, and the documents that verify its tokens. Immutable, so that the
/// key set always contains a token's `kid`.
package final class SigningKeySnapshot: Sendable {
    /// The key that signs; nil where none may.
    package let active: KeyRing.Key?
    /// The key that signs the publisher's own token and nothing else, as ``KeyRing/publisherKey``.
    package let publisherKey: KeyRing.Key?
    /// Why the ring could not be read, or is not confirmed; nil where it is valid.
    package let failure: StoreError?
    /// nil before a ring was read.
    package let documents: IssuerDocuments?
    /// Every key of the ring.
    package let keys: [KeyRing.Key]

    /// Creates the snapshot of a valid ring.
    ///
    /// - Parameters:
    ///   - keysURL: the `jwks_uri`; nil for that of the issuer.
    ///   - readingDue: as ``IssuerDocuments/readingDue``.
    package init(
        ring: KeyRing, issuer: Issuer, keysURL: String? = nil, privateClaimNames: [String], readingDue: Date? = nil
    ) {
        active = ring.active
        publisherKey = ring.publisherKey
        keys = ring.keys
        failure = nil
        documents = IssuerDocuments(
            ring: ring, issuer: issuer, keysURL: keysURL, privateClaimNames: privateClaimNames, readingDue: readingDue)
    }

    /// Creates the snapshot of a ring that could not be read: no key signs.
    package init(failure: StoreError) {
        active = nil
        publisherKey = nil
        keys = []
        self.failure = failure
        documents = nil
    }

    private init(suspending snapshot: SigningKeySnapshot, because failure: StoreError) {
        active = nil
        publisherKey = nil
        keys = snapshot.keys
        self.failure = failure
        documents = snapshot.documents
    }

    /// The same documents without an active key.
    package func suspended(because failure: StoreError) -> SigningKeySnapshot {
        SigningKeySnapshot(suspending: self, because: failure)
    }
}
