package import FoundationEssentials

/// The gateway's self-signed CAs, which clients trust, and the serving certificate of all replicas.
///
/// A value: its changes are in `ServingIdentity+Changes`, and ``nextStep(at:policy:evidence:)`` determines the next one.
package struct ServingIdentity: Sendable, Equatable {
    /// The states of a CA, in their order. After the last one the CA is removed.
    package enum State: String, Sendable, Codable, CaseIterable {
        /// In the CA bundle; its certificates are not served yet.
        case next
        /// Signs the serving certificate.
        case issuing
        /// Does not sign any more; replicas may still serve its certificate.
        case trusted
    }

    /// Why a CA was created.
    package enum Reason: String, Sendable, Codable, CaseIterable {
        /// There was none.
        case first
        /// The former CA expires soon.
        case age
        /// The former CA does not permit all names.
        case names
        /// An operator has requested it.
        case requested = "asked"
    }

    /// A private key in PEM; its `description` is redacted.
    package struct PrivateKey: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
        CustomReflectable
    {
        /// For a store and for signing only.
        package let pem: String

        package init(pem: String) { self.pem = pem }

        package var description: String { "PrivateKey" }
        package var debugDescription: String { description }
        package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
    }

    /// A self-signed CA's certificate, with its key as long as it may sign.
    package struct Authority: Sendable, Equatable {
        /// SHA-256 of the certificate's DER, in hexadecimal.
        package let id: String
        package let certificatePEM: String
        /// nil where the CA does not sign any more.
        package internal(set) var key: PrivateKey?
        package internal(set) var state: State
        package let reason: Reason
        package let constraint: NameConstraint?
        /// When the CA was added to the CA bundle.
        package internal(set) var created: Date
        package let notBefore: Date
        package let notAfter: Date
        /// When a CA that does not sign any more leaves the CA bundle.
        package internal(set) var trustedUntil: Date?

        /// - Parameters:
        ///   - constraint: nil where every name is permitted.
        /// - Returns: nil where the PEM contains no certificate.
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

    /// The serving certificate of every replica.
    package struct Certificate: Sendable, Equatable {
        /// The certificate without its issuer.
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

    /// Random, chosen when the identity is created and never changed. It distinguishes two identities that were created
    /// independently.
    package let owner: String
    /// Grows by one with every write.
    package internal(set) var revision: Int
    /// The issuing CA, then the others in the order in which they were added.
    package internal(set) var authorities: [Authority]
    package internal(set) var certificate: Certificate
    /// The maximum token lifetime of any endpoint so far, in seconds: a sidecar reads the CA bundle within it.
    package internal(set) var maximumTokenLifetime: Int
    /// The operator's last request for another CA that was carried out.
    package internal(set) var answered: String?

    package init(
        owner: String, revision: Int = 1, authorities: [Authority], certificate: Certificate, maximumTokenLifetime: Int,
        answered: String? = nil
    ) {
        self.owner = owner
        self.revision = revision
        self.authorities = authorities
        self.certificate = certificate
        self.maximumTokenLifetime = maximumTokenLifetime
        self.answered = answered
    }

    /// The CA that signs the serving certificate.
    package var issuing: Authority? { authorities.first { $0.state == .issuing } }
    /// The announced CA.
    package var next: Authority? { authorities.first { $0.state == .next } }

    package subscript(_ id: String) -> Authority? { authorities.first { $0.id == id } }

    /// The CA bundle: every CA in PEM, the issuing one first.
    package var bundle: String { authorities.map(\.certificatePEM.endedWithNewline).joined() }

    /// The serving certificate followed by its issuer, as a TLS server sends them.
    package var chainPEM: String {
        certificate.certificatePEM.endedWithNewline + (issuing?.certificatePEM.endedWithNewline ?? "")
    }
}

extension String {
    fileprivate var endedWithNewline: String { hasSuffix("\n") ? self : self + "\n" }
}
