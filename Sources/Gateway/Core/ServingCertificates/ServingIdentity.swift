package import FoundationEssentials

/// The gateway's own serving identity: the authorities that clients are to trust, and the leaf that all replicas serve.
///
/// A value: its changes are in `ServingIdentity+Changes`, what to change next is ``nextStep(at:policy:evidence:)``.
package struct ServingIdentity: Sendable, Equatable {
    /// An authority goes through these in their order, and is then gone.
    package enum State: String, Sendable, Codable, CaseIterable {
        /// Clients are told to trust it; nothing that it signed is served yet.
        case next
        /// Signs the leaf that is served.
        case issuing
        /// Signs no more; replicas that have not heard of its successor serve its leaf.
        case trusted
    }

    /// Why an authority was made.
    package enum Reason: String, Sendable, Codable, CaseIterable {
        /// There was none.
        case first
        /// The one before it nears its end.
        case age
        /// The one before it may not sign for all names.
        case names
        /// An operator asked for it.
        case asked
    }

    /// A private key in PEM, which does not print.
    package struct PrivateKey: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
        CustomReflectable
    {
        /// For a store, and for signing.
        package let pem: String

        package init(pem: String) { self.pem = pem }

        package var description: String { "PrivateKey" }
        package var debugDescription: String { description }
        package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
    }

    /// One authority's certificate, with its key as long as it is to sign.
    package struct Authority: Sendable, Equatable {
        /// SHA-256 of the certificate's DER, in hexadecimal.
        package let id: String
        package let certificatePEM: String
        /// nil where it signs no more.
        package internal(set) var key: PrivateKey?
        package internal(set) var state: State
        package let reason: Reason
        package let constraint: NameConstraint?
        /// When clients were first told of it.
        package let created: Date
        package let notBefore: Date
        package let notAfter: Date
        /// Up to when clients are told to trust it, once it signs no more.
        package internal(set) var trustedUntil: Date?

        /// - Parameters:
        ///   - constraint: nil where it may sign for any name.
        /// - Returns: nil where the PEM holds no certificate.
        package init?(
            certificatePEM: String, key: PrivateKey?, state: State, reason: Reason, constraint: NameConstraint?,
            created: Date, notBefore: Date, notAfter: Date, trustedUntil: Date? = nil
        ) {
            guard let certificate = KeyCertificate(pem: certificatePEM) else { return nil }
            id = certificate.thumbprint
            self.certificatePEM = certificatePEM
            self.key = key
            self.state = state
            self.reason = reason
            self.constraint = constraint
            self.created = created
            self.notBefore = notBefore
            self.notAfter = notAfter
            self.trustedUntil = trustedUntil
        }
    }

    /// What every replica serves.
    package struct Leaf: Sendable, Equatable {
        /// The leaf's certificate alone.
        package let certificatePEM: String
        package let key: PrivateKey
        package let names: CertificateNames
        package let notBefore: Date
        package let notAfter: Date

        package init(
            certificatePEM: String, key: PrivateKey, names: CertificateNames, notBefore: Date, notAfter: Date
        ) {
            self.certificatePEM = certificatePEM
            self.key = key
            self.names = names
            self.notBefore = notBefore
            self.notAfter = notAfter
        }
    }

    /// Random, made with the identity and never changed: tells it from one that was made by who did not know it.
    package let owner: String
    /// Grows by one with every write.
    package internal(set) var revision: Int
    /// The one that issues first, then the others as they came.
    package internal(set) var authorities: [Authority]
    package internal(set) var leaf: Leaf
    /// The longest life of a token of any endpoint so far, in seconds: a sidecar asks for the bundle within it.
    package internal(set) var maximumTokenLifetime: Int
    /// The last request for another authority that was answered.
    package internal(set) var answered: String?

    package init(
        owner: String, revision: Int = 1, authorities: [Authority], leaf: Leaf, maximumTokenLifetime: Int,
        answered: String? = nil
    ) {
        self.owner = owner
        self.revision = revision
        self.authorities = authorities
        self.leaf = leaf
        self.maximumTokenLifetime = maximumTokenLifetime
        self.answered = answered
    }

    package var issuing: Authority? { authorities.first { $0.state == .issuing } }
    package var next: Authority? { authorities.first { $0.state == .next } }

    package subscript(_ id: String) -> Authority? { authorities.first { $0.id == id } }

    /// What clients are to trust: every authority in PEM, the one that issues first.
    package var bundle: String { authorities.map(\.certificatePEM.endedWithNewline).joined() }

    /// The leaf with its issuer, as a server sends them.
    package var chainPEM: String {
        leaf.certificatePEM.endedWithNewline + (issuing?.certificatePEM.endedWithNewline ?? "")
    }
}

extension String {
    fileprivate var endedWithNewline: String { hasSuffix("\n") ? self : self + "\n" }
}
