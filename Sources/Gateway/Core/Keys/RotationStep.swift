package import FoundationEssentials
package import JOSE

/// The next step of a key ring.
package enum RotationStep: Sendable, Equatable {
    /// Create a key. It signs after its publication.
    case addKey(Reason)
    /// Record when the issuer URL was observed to serve the key.
    case markPublished(KeyID, at: Date)
    /// Record that the issuer URL does not serve the key any more; its propagation begins again.
    case markAbsent(KeyID)
    /// Let the standby key sign next; its wait is over, or it continues.
    case useStandby(KeyID)
    /// Activate the key; the active one retires.
    case activate(KeyID)
    /// Record that the token lifetime of the active key has increased.
    case recordLifetime(KeyID, seconds: Int)
    /// Remove retired keys whose last tokens have expired.
    case remove([KeyID])
    /// Nothing to do until that time, or until new evidence.
    case wait(Wait, until: Date?)

    /// Why a key is created.
    package enum Reason: String, Sendable, CaseIterable {
        /// The active key has reached the age `rotation.every`.
        case age
        /// The active key does not have the configured algorithm.
        case algorithm
        /// The active key was revoked.
        case revoked
        /// The ring has no standby key.
        case standby
    }

    /// What the ring waits for.
    package enum Wait: Sendable, Equatable {
        /// The next rotation.
        case age
        /// The publication of the new key: its documents, or the CDN invalidation, are not complete.
        case publication(KeyID, since: Date)
        /// The issuer URL to serve the new key.
        case visibility(KeyID, since: Date)
        /// Every cache to contain the new key.
        case propagation(KeyID, since: Date)
        /// The last reading of the issuer URL before the new key signs.
        case finalReading(KeyID)
        /// An operator's approval, since `rotation.activation` is manual.
        case approval(KeyID, since: Date)
        /// The removal of a key, since the ring has the maximum number of keys.
        case capacity
    }
}
