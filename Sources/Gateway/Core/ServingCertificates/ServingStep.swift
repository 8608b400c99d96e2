package import FoundationEssentials

/// The next step of the serving identity.
package enum ServingStep: Sendable, Equatable {
    /// Create a CA and announce it, in place of one that is announced already.
    case announce(ServingIdentity.Reason)
    /// Make the announced CA issue: it signs a certificate with those names, which is served.
    case activate(String, CertificateNames)
    /// Make the issuing CA sign another certificate with those names.
    case renewCertificate(RenewalReason, CertificateNames)
    /// Record that the maximum token lifetime has increased.
    case recordLifetime(seconds: Int)
    /// Remove CAs whose certificates no replica serves any more.
    case remove([String])
    /// Nothing to do until that time, or until new evidence.
    case wait(Wait, until: Date?)

    /// Why the serving certificate is renewed.
    package enum RenewalReason: String, Sendable, CaseIterable {
        case age
        case names
    }

    /// What the identity waits for.
    package enum Wait: Sendable, Equatable {
        /// The next renewal.
        case age
        /// Clients to read the announced CA.
        case overlap(String)
        /// Every webhook configuration to contain the announced CA.
        case webhooks(String)
    }
}
