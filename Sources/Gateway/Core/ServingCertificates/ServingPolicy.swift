package import FoundationEssentials

/// When the gateway's own certificates are renewed, and how long clients are told of an authority before and after it
/// issues. All in seconds.
package struct ServingPolicy: Sendable, Equatable {
    package var names: CertificateNames
    /// The longest life of a token of all endpoints; a sidecar refreshes, and asks for the bundle, well within it.
    package var timeToLive: Int

    /// Ten years.
    package var authorityLifetime = 10 * 365 * 86_400
    /// Ninety days.
    package var leafLifetime = 90 * 86_400
    /// The least time for which an authority is announced, and then kept on.
    package var leastOverlap: Int
    /// The same where an authority is replaced because of its age: for Pods that were away, or waited to begin.
    package var plannedOverlap = 7 * 86_400
    /// How late a replica may be told what the store has; after that it issues no tokens.
    package var replicaWindow: Int
    /// For which every webhook configuration has an authority before its leaf is served: API servers hear of a change
    /// a little later than they tell of it.
    package var settling = 5
    /// So long before an authority's end its successor issues whatever the webhook configurations say, and is not
    /// replaced by another one before. More than any overlap.
    package var lastCall = 30 * 86_400

    /// - Parameter leastOverlap: an hour, but where a rotation is to be tried in less; then the replicas' window is
    ///   shorter in proportion.
    package init(names: CertificateNames, timeToLive: Int, leastOverlap: Int = 3_600) {
        self.names = names
        self.timeToLive = timeToLive
        self.leastOverlap = leastOverlap
        replicaWindow = min(EndpointConfiguration.replicaWindow, leastOverlap / 4)
    }

    /// From an authority's announcement to its first leaf, and from its last leaf to its end in the bundle.
    package func overlap(_ reason: ServingIdentity.Reason, maximumTokenLifetime: Int) -> Int {
        let least = max(leastOverlap, timeToLive, maximumTokenLifetime)
        return (reason == .age ? max(least, plannedOverlap) : least) + replicaWindow
    }

    /// When an authority's successor is made: after four fifths of its life.
    package func due(_ authority: ServingIdentity.Authority) -> Date {
        authority.notBefore.addingTimeInterval(authority.notAfter.timeIntervalSince(authority.notBefore) * 4 / 5)
    }

    /// When the successor of this authority issues at the latest, if it was announced in time.
    package func lastCall(of authority: ServingIdentity.Authority) -> Date {
        authority.notAfter.addingTimeInterval(-Double(lastCall))
    }

    /// When a leaf is replaced: after two thirds of its life.
    package func due(_ leaf: ServingIdentity.Leaf) -> Date {
        leaf.notBefore.addingTimeInterval(leaf.notAfter.timeIntervalSince(leaf.notBefore) * 2 / 3)
    }

    /// A leaf's end, where it is signed now: never after its issuer's.
    package func leafEnd(at now: Date, of authority: ServingIdentity.Authority) -> Date {
        min(now.addingTimeInterval(Double(leafLifetime)), authority.notAfter)
    }
}

/// What the leader sees of those who trust the gateway's authorities.
package struct ServingEvidence: Sendable, Equatable {
    /// The webhook configurations of the API server.
    package enum Webhooks: Sendable, Equatable {
        /// None trusts by our bundle: there is none, or others see to them.
        case nobody
        /// They cannot be read, or were not yet.
        case unknown
        /// Since when every one has an authority, by its id; one that is not in it is missing in some.
        case trust([String: Date])
    }

    package var webhooks: Webhooks
    /// What an operator has written to ask for another authority; a new request is one with another text.
    package var request: String?

    package init(webhooks: Webhooks, request: String? = nil) {
        self.webhooks = webhooks
        self.request = request
    }
}
