public import GatewayPluginAPI
import Synchronization

/// One moment of an endpoint's keys: what signs, and the documents by which it is verified. Immutable, so that a token
/// never names a `kid` that the key set lacks.
public struct SigningKeySnapshot: Sendable {
    public let active: KeyRing.Key?
    /// Why no ring could be read; nil where one was.
    public let failure: KeyStoreError?
    public let documents: PublishedDocuments?

    /// Of a ring that was read.
    public init(ring: KeyRing, issuer: Issuer, privateClaimNames: [String]) {
        active = ring.active
        failure = nil
        documents = PublishedDocuments(
            DiscoveryDocument(issuer: issuer, keys: ring.publicKeys, privateClaimNames: privateClaimNames)
                .issuerDocuments)
    }

    /// Of a ring that could not be read: nothing signs.
    public init(failure: KeyStoreError) {
        active = nil
        self.failure = failure
        documents = nil
    }
}

/// The snapshot in force.
public final class CurrentSigningKeys: Sendable {
    private let current: Mutex<SigningKeySnapshot>

    public init(_ snapshot: SigningKeySnapshot) { current = Mutex(snapshot) }

    public var snapshot: SigningKeySnapshot { current.withLock { $0 } }

    public func replace(with snapshot: SigningKeySnapshot) { current.withLock { $0 = snapshot } }
}
