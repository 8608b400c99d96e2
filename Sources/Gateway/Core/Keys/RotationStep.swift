package import FoundationEssentials
package import JOSE

/// The one thing to do next with a key ring.
package enum RotationStep: Sendable, Equatable {
    /// A key is made; it will sign once it is published.
    case addKey(Reason)
    /// The issuer URL serves it, at this time.
    case markPublished(KeyID, at: Date)
    /// The issuer URL does not serve it any more: its wait begins again.
    case markAbsent(KeyID)
    /// It signs from now on; the one that signed until now retires.
    case activate(KeyID)
    /// Tokens of the key that signs live longer by now.
    case recordLife(KeyID, seconds: Int)
    /// Their last tokens have ended.
    case remove([KeyID])
    /// Nothing, until that time or until something is seen.
    case wait(Wait, until: Date?)

    package enum Reason: String, Sendable, CaseIterable {
        /// The key that signs is as old as `rotation.every`.
        case age
        /// The key that signs is of another algorithm than the configured one.
        case algorithm
        /// The key that signed was revoked.
        case revoked
    }

    /// What it waits for.
    package enum Wait: Sendable, Equatable {
        /// The next rotation is due then.
        case age
        /// The new key's documents are to be written, or the edges to forget the old ones.
        case publication(KeyID, since: Date)
        /// The issuer URL is to serve the new key.
        case sight(KeyID, since: Date)
        /// Every cache is to have the new key.
        case propagation(KeyID, since: Date)
        /// One more reading of the issuer URL, right before the new key signs.
        case lastReading(KeyID)
        /// There are so many keys that a new one must wait until one is gone.
        case room
    }
}
