package import FoundationEssentials
package import GatewayPluginAPI

/// One state of an endpoint's keys: the key that signs, and the documents by which its tokens are verified. Immutable, so
/// that a token never names a `kid` that the key set lacks.
package struct SigningKeySnapshot: Sendable {
    package let active: KeyRing.Key?
    /// Why the ring could not be read; nil where it was.
    package let failure: StoreError?
    /// nil where no ring was read yet.
    package let documents: IssuerDocuments?
    /// Every key of the ring.
    package let keys: [KeyRing.Key]

    /// The state of a ring that was read.
    ///
    /// - Parameter readingWanted: as ``IssuerDocuments/readingWanted``.
    package init(ring: KeyRing, issuer: Issuer, privateClaimNames: [String], readingWanted: Date? = nil) {
        active = ring.active
        keys = ring.keys
        failure = nil
        documents = IssuerDocuments(
            ring: ring, issuer: issuer, privateClaimNames: privateClaimNames, readingWanted: readingWanted)
    }

    /// The state of a ring that could not be read: no key signs.
    package init(failure: StoreError) {
        active = nil
        keys = []
        self.failure = failure
        documents = nil
    }

    private init(suspending snapshot: SigningKeySnapshot, because failure: StoreError) {
        active = nil
        keys = snapshot.keys
        self.failure = failure
        documents = snapshot.documents
    }

    /// The same documents, and no key that signs.
    package func suspended(because failure: StoreError) -> SigningKeySnapshot {
        SigningKeySnapshot(suspending: self, because: failure)
    }
}
