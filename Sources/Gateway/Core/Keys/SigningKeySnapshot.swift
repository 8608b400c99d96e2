package import FoundationEssentials
package import GatewayPluginAPI

/// One moment of an endpoint's keys: what signs, and the documents by which it is verified. Immutable, so that a token
/// never names a `kid` that the key set lacks.
package struct SigningKeySnapshot: Sendable {
    package let active: KeyRing.Key?
    /// Why no ring could be read; nil where one was.
    package let failure: StoreError?
    package let documents: PublishedDocuments?
    /// The same documents, for a publisher.
    package let publishable: PublishableDocuments?

    /// Every key of the ring.
    package let keys: [KeyRing.Key]

    /// Of a ring that was read.
    ///
    /// - Parameter readingWanted: as ``PublishableDocuments/readingWanted``.
    package init(ring: KeyRing, issuer: Issuer, privateClaimNames: [String], readingWanted: Date? = nil) {
        active = ring.active
        keys = ring.keys
        failure = nil
        let made = DiscoveryDocument(issuer: issuer, keys: ring.publicKeys, privateClaimNames: privateClaimNames)
            .issuerDocuments
        documents = PublishedDocuments(made)
        publishable = PublishableDocuments(ring: ring, documents: made, readingWanted: readingWanted)
    }

    /// Of a ring that could not be read: nothing signs.
    package init(failure: StoreError) {
        active = nil
        keys = []
        self.failure = failure
        documents = nil
        publishable = nil
    }

    private init(suspending snapshot: SigningKeySnapshot, because failure: StoreError) {
        active = nil
        keys = snapshot.keys
        self.failure = failure
        documents = snapshot.documents
        publishable = snapshot.publishable
    }

    /// The same documents, and nothing that signs.
    package func suspended(because failure: StoreError) -> SigningKeySnapshot {
        SigningKeySnapshot(suspending: self, because: failure)
    }
}
