package import FoundationEssentials

/// When the serving certificate and the self-signed CAs are renewed, and how long a CA is in the CA bundle before and after
/// it issues. All in seconds.
package struct ServingPolicy: Sendable, Equatable {
    /// The subject alternative names of the serving certificate.
    package var names: CertificateNames
    /// Label selectors of the Pods that are injected, for messages.
    package var podSelectors: [String] = []
    /// The maximum token lifetime of all endpoints; sidecars read the CA bundle within it.
    package var timeToLive: Int

    /// Ten years.
    package var authorityLifetime = 10 * 365 * 86_400
    /// Ninety days.
    package var certificateLifetime = 90 * 86_400
    /// The minimum time for which a CA is in the CA bundle before and after it issues.
    package var leastOverlap: Int
    /// The same after a CA was replaced because of its age: for Pods that were stopped or could not start.
    package var plannedOverlap = 7 * 86_400
    /// How long a CA that replaces another one because of its age is announced before it issues: a year. The CA bundle of
    /// a running sidecar is in memory, so after a node's restart a Pod trusts only the CAs of the day of its injection.
    package var plannedAnnouncement = 365 * 86_400
    /// How long a replica may use an identity that the store has not confirmed; after that it issues no tokens.
    package var replicaWindow: Int
    /// How long every webhook configuration must contain a CA before its certificate is served: API servers apply a
    /// change a little later than they report it.
    package var propagation = 5
    /// How long before a CA expires its successor issues in any case, whether the webhook configurations contain it or
    /// not, and however long it was announced.
    package var activationDeadline = 30 * 86_400

    /// - Parameter leastOverlap: an hour, or less to test a rotation; then the replicas' window is shorter in proportion.
    package init(names: CertificateNames, timeToLive: Int, leastOverlap: Int = 3_600) {
        self.names = names
        self.timeToLive = timeToLive
        self.leastOverlap = leastOverlap
        replicaWindow = min(EndpointConfiguration.replicaWindow, leastOverlap / 4)
    }

    /// The time from a CA's announcement to its first certificate.
    package func announcement(_ reason: ServingIdentity.Reason, maximumTokenLifetime: Int) -> Int {
        overlap(planned: reason == .age ? plannedAnnouncement : 0, maximumTokenLifetime)
    }

    /// The time from the last certificate of a CA to its removal.
    ///
    /// - Parameter reason: why its successor was created.
    package func overlap(_ reason: ServingIdentity.Reason, maximumTokenLifetime: Int) -> Int {
        overlap(planned: reason == .age ? plannedOverlap : 0, maximumTokenLifetime)
    }

    private func overlap(planned: Int, _ maximumTokenLifetime: Int) -> Int {
        max(leastOverlap, timeToLive, maximumTokenLifetime, planned) + replicaWindow
    }

    /// When a CA's successor is created: after four fifths of its lifetime.
    package func due(_ authority: ServingIdentity.Authority) -> Date {
        authority.notBefore.addingTimeInterval(authority.notAfter.timeIntervalSince(authority.notBefore) * 4 / 5)
    }

    /// When the successor of this CA issues at the latest, if it was announced in time.
    package func activationDeadline(of authority: ServingIdentity.Authority) -> Date {
        authority.notAfter.addingTimeInterval(-Double(activationDeadline))
    }

    /// When a serving certificate is renewed: after two thirds of its lifetime.
    package func due(_ certificate: ServingIdentity.Certificate) -> Date {
        certificate.notBefore.addingTimeInterval(certificate.notAfter.timeIntervalSince(certificate.notBefore) * 2 / 3)
    }

    /// The end of a serving certificate that is signed now: never after its issuer's.
    package func certificateEnd(at now: Date, of authority: ServingIdentity.Authority) -> Date {
        min(now.addingTimeInterval(Double(certificateLifetime)), authority.notAfter)
    }
}

/// What the leader has observed of the clients that trust the CA bundle.
package struct ServingEvidence: Sendable, Equatable {
    /// The state of the webhook configurations.
    package enum Webhooks: Sendable, Equatable {
        /// The gateway manages the CA bundle of no webhook configuration: there is none, or another injector writes it.
        case notManaged
        /// The webhook configurations cannot be read, or were not read yet.
        case unknown
        /// By the CA's ID, since when every webhook configuration contains it. A CA that is absent is missing in one.
        case trust([String: Date])
    }

    package var webhooks: Webhooks
    /// The operator's request for another CA: a text; another text is a new request.
    package var request: String?

    package init(webhooks: Webhooks, request: String? = nil) {
        self.webhooks = webhooks
        self.request = request
    }
}
