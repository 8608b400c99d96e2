package import FoundationEssentials

/// The one thing to do next with the serving identity.
package enum ServingStep: Sendable, Equatable {
    /// An authority is made and announced, in place of one that is announced already.
    case announce(ServingIdentity.Reason)
    /// The announced authority signs a leaf of those names, which is served from now on.
    case activate(String, CertificateNames)
    /// The authority that issues signs another leaf of those names.
    case renewLeaf(LeafReason, CertificateNames)
    /// Tokens live longer by now.
    case recordLife(seconds: Int)
    /// Nothing serves what they signed any more.
    case remove([String])
    /// Nothing, until that time or until something is seen.
    case wait(Wait, until: Date?)

    package enum LeafReason: String, Sendable, CaseIterable {
        case age
        case names
    }

    /// What it waits for.
    package enum Wait: Sendable, Equatable {
        /// The next renewal.
        case age
        /// Clients are to hear of the announced authority.
        case overlap(String)
        /// Every webhook configuration is to have the announced authority.
        case webhooks(String)
    }
}
