package import FoundationEssentials
import GatewayPluginAPI
import JOSE

extension StatusReport {
    /// One endpoint: its keys, its publication and its calls.
    package struct Endpoint: Sendable, Equatable {
        /// A key with its times.
        package struct Key: Sendable, Equatable {
            package let id: String
            package let algorithm: String
            /// `prepared`, `published`, `active` or `retiring`.
            package let state: String
            package let isStandby: Bool
            package let created: Date
            package let published: Date?
            package let activated: Date?
            package let retired: Date?
            /// What the key waits for, or what happens next with it.
            package let next: String
            /// When that is; nil where it depends on an event.
            package let until: Date?
        }

        /// The documents at the issuer URL, or the keys at the relying party, as the leader has observed them.
        package struct Publication: Sendable, Equatable {
            package let location: String?
            package let lastSuccess: Date?
            package let invalidatingSince: Date?
            package let lastInvalidation: Date?
            package let lastReading: Date?
            /// What was read.
            package let verdict: String?
            package let isMatch: Bool?
        }

        package let name: String
        package let plugin: String
        package let path: String
        package let issuer: String
        package let health: Health
        package let problems: [Problem]
        package let keys: [Key]
        /// The next step of the key ring.
        package let next: String
        /// nil where this replica does not lead.
        package let publication: Publication?
        /// Token calls of the last hour by decision, without those that did not happen.
        package let calls: [OutcomeSeries]
    }
}

extension StatusReport.Endpoint {
    /// - Parameters:
    ///   - snapshot: the keys in force.
    ///   - ring: nil before it was read.
    ///   - problems: of the key ring and of the publication.
    ///   - status: nil where this replica does not lead.
    package init(
        _ configuration: EndpointConfiguration, snapshot: SigningKeySnapshot, ring: KeyRing?,
        problems: [StatusReport.Problem], status: PublicationStatus?, calls: [OutcomeSeries], at now: Date
    ) {
        name = configuration.name
        plugin = configuration.pluginID.rawValue
        path = "\(configuration.path)"
        issuer = "\(configuration.issuer)"
        health = snapshot.active == nil ? .failed : problems.isEmpty ? .ok : .warning
        self.problems = problems
        self.calls = calls
        publication = status.map(Publication.init)
        guard let ring else {
            (keys, next) = ([], "no key ring yet")
            return
        }
        let policy = configuration.rotationPolicy
        let step = ring.nextStep(at: now, policy: policy, evidence: status?.evidence)
        next = RotationStepText(of: configuration, active: ring.active).text(step)
        keys = ring.keys.map { [next] in Key($0, of: ring, policy, step, next) }
    }
}

extension StatusReport.Endpoint.Publication {
    init(_ status: PublicationStatus) {
        location = status.location
        lastSuccess = status.lastSuccess
        invalidatingSince = status.invalidatingSince
        lastInvalidation = status.lastInvalidation
        lastReading = status.lastProbe
        verdict = status.verdict.map { "\($0)" }
        isMatch = status.verdict?.isMatch
    }
}

extension StatusReport.Endpoint.Key {
    init(
        _ key: KeyRing.Key, of ring: KeyRing, _ policy: RotationPolicy, _ step: RotationStep, _ ringNext: String
    ) {
        id = key.keyID.rawValue
        algorithm = key.signingKey.algorithm.rawValue
        state = key.state.rawValue
        isStandby = key.isStandby
        created = key.created
        published = key.published
        activated = key.activated
        retired = key.retired
        switch key.state {
        case .active:
            next =
                ring.successor.map { $0.isStandby } ?? true ? "is replaced because of its age" : "its successor follows"
            until = ring.successor.map { $0.isStandby } ?? true ? policy.due(key) : nil
        case .retiring:
            next = "is removed when its last token has expired"
            until = policy.end(key)
        case .prepared where key.isStandby, .published where key.isStandby:
            next = "waits for a revocation or the next rotation"
            until = nil
        case .prepared, .published:
            next = ringNext
            // The step may be about another key.
            until = key.published.map { $0.addingTimeInterval(Double(policy.propagation)) }
        }
    }
}
