import FoundationEssentials
import GatewayCore
import GatewayTestSupport

/// A model in which replicas and API servers observe changes late, sidecars read the CA bundle seldom, users change
/// objects, and the leader is sometimes absent. Its invariant: every client trusts every certificate that it is served.
struct ServingModel {
    struct Breach: Error, CustomStringConvertible {
        let description: String
    }

    private struct Replica {
        var view: ServingIdentity
        /// Since when the replica has not observed the store's document.
        var behindSince: Double?
    }

    private struct Sidecar {
        var injected: Set<String>
        var fetched: Set<String>
        var due: Double
    }

    /// A state of a caBundle.
    private struct Written {
        let at: Double
        let ids: Set<String>
        /// Whether the gateway wrote it and may still write it.
        var isOwn: Bool
    }

    private struct Webhook {
        /// The newest last.
        var written: [Written]
        var isThere = true
        /// When the gateway's patches stop failing.
        var stuckUntil = 0.0
        var since: [String: Double] = [:]
    }

    private var random: SeededRandom
    private var time = 0.0
    /// The policy of every replica, with the longest token lifetime that it has observed.
    private var policy: ServingPolicy
    /// A day for some seeds.
    private let lastLife: Int
    /// The current token lifetime.
    private var timeToLive = 900
    private var store: ServingIdentity
    private var replicas: [Replica]
    private var sidecars: [Sidecar] = []
    private var webhooks: [Webhook]
    private var request: String?
    private var leaderAwayUntil = 0.0
    /// Seconds by which the clock of the replica that leads now is ahead.
    private var ahead = 0.0
    /// Whether a replica whose clock is wrong acts: a fault that the model must find.
    private let trustsEveryClock: Bool
    private var mayWriteWebhooks = true
    private var made = 1
    private(set) var activations = 0
    private(set) var most = 1

    /// The actual windows, independent of the policy.
    private static let replicaWindow = 900.0
    private static let propagation = 5.0
    private static let nameSets = [["a", "b"], ["a"], ["a", "c"], ["a", "b", "*.d"]]

    init(
        seed: UInt64, trustsEveryClock: Bool = false, adjust: (inout ServingPolicy) -> Void = { _ in }
    ) throws {
        self.trustsEveryClock = trustsEveryClock
        random = SeededRandom(seed: seed)
        lastLife = random.oneIn(4) ? 86_400 : 900
        policy = ServingPolicy(names: CertificateNames(dns: Self.nameSets[0], addresses: []), timeToLive: 900)
        policy.authorityLifetime = 20 * 86_400
        policy.certificateLifetime = 2 * 86_400
        policy.plannedOverlap = 86_400
        policy.plannedAnnouncement = 86_400
        policy.activationDeadline = 2 * 86_400
        adjust(&policy)
        store = ServingIdentity(
            owner: "owner",
            authorities: [
                try ExampleIdentity.authority(
                    "ca 1", constraint: NameConstraint(for: policy.names), lifetime: policy.authorityLifetime)
            ],
            certificate: ExampleIdentity.certificate(
                "certificate", names: policy.names, to: ExampleIdentity.at(2 * 86_400)),
            maximumTokenLifetime: 900)
        replicas = [Replica(view: store), Replica(view: store), Replica(view: store)]
        let ids = Set(store.authorities.map(\.id))
        webhooks = (0..<Int.random(in: 0...3, using: &random)).map { _ in
            Webhook(
                written: [Written(at: -100, ids: ids, isOwn: true)],
                since: Dictionary(uniqueKeysWithValues: ids.map { ($0, -100.0) }))
        }
    }

    private var now: Date { ExampleIdentity.at(time) }
    /// By the clock of the replica that leads.
    private var leaderNow: Date { ExampleIdentity.at(time + ahead) }

    mutating func tick() throws {
        var step = Double.random(in: 0.5...3, using: &random)
        if !random.oneIn(4) { step = Double.random(in: 10...7_200, using: &random) }
        // Every due time is reached.
        let due = sidecars.map(\.due).min().map { max(0.1, $0 - time) } ?? step
        let limits = replicas.compactMap(\.behindSince).map { max(0.1, $0 + Self.replicaWindow - 1 - time) }
        time += ([step, due] + limits).min() ?? step
        people()
        updateWebhooks()
        try lead()
        hear()
        try refresh()
        try check()
        most = max(most, store.authorities.count)
    }

    private mutating func people() {
        if random.oneIn(60) {
            timeToLive = [900, 3_600, 14_400, lastLife].randomElement(using: &random) ?? 900
            policy.timeToLive = max(policy.timeToLive, timeToLive)
        }
        if random.oneIn(150) {
            policy.names = CertificateNames(
                dns: Self.nameSets.randomElement(using: &random) ?? ["a"], addresses: [])
        }
        if random.oneIn(100) { request = "\(time)" }
        if random.oneIn(50) { leaderAwayUntil = time + Double.random(in: 0...20_000, using: &random) }
        // Another replica leads, whose clock is three hours behind, or some hours ahead.
        if random.oneIn(30) { ahead = [0, 0, -10_800, 10_800].randomElement(using: &random) ?? 0 }
        if random.oneIn(100) { mayWriteWebhooks.toggle() }
        for index in webhooks.indices where random.oneIn(40) {
            webhooks[index].stuckUntil = time + Double.random(in: 0...20_000, using: &random)
        }
        for index in webhooks.indices where random.oneIn(80) {
            // A user restores, deletes or recreates the configuration.
            let ids = webhooks[index].written.randomElement(using: &random)?.ids ?? []
            webhooks[index].written.append(Written(at: time, ids: ids, isOwn: false))
            webhooks[index].since = [:]
            webhooks[index].isThere = !random.oneIn(4)
        }
        if sidecars.count < 4, random.oneIn(10) {
            let view = heard.randomElement(using: &random) ?? store
            let ids = Set(view.authorities.map(\.id))
            sidecars.append(Sidecar(injected: ids, fetched: [], due: time))
        } else if random.oneIn(40), !sidecars.isEmpty {
            sidecars.remove(at: Int.random(in: 0..<sidecars.count, using: &random))
        }
    }

    private var leads: Bool { time >= leaderAwayUntil }

    private mutating func updateWebhooks() {
        guard leads, mayWriteWebhooks else {
            for index in webhooks.indices {
                webhooks[index].since = [:]
                // After the activation deadline webhook configurations are not waited for.
                guard !mayWriteWebhooks else { continue }
                for entry in webhooks[index].written.indices { webhooks[index].written[entry].isOwn = false }
            }
            return
        }
        let ids = Set(store.authorities.map(\.id))
        for index in webhooks.indices {
            guard webhooks[index].isThere else {
                webhooks[index].isThere = random.oneIn(3)
                webhooks[index].written.append(Written(at: time, ids: [], isOwn: false))
                continue
            }
            let since = webhooks[index].since
            guard let last = webhooks[index].written.last else { continue }
            if last.ids != ids || !last.isOwn {
                guard time >= webhooks[index].stuckUntil else {
                    webhooks[index].since = [:]
                    continue
                }
                webhooks[index].written.append(Written(at: time, ids: ids, isOwn: true))
            }
            webhooks[index].since = Dictionary(uniqueKeysWithValues: ids.map { ($0, since[$0] ?? time) })
            webhooks[index].written = webhooks[index].written.suffix(8)
        }
    }

    private var evidence: ServingEvidence {
        guard mayWriteWebhooks else { return ServingEvidence(webhooks: .unknown, request: request) }
        let there = webhooks.filter(\.isThere)
        guard let first = there.first else { return ServingEvidence(webhooks: .notManaged, request: request) }
        let common = first.since.keys.filter { id in there.allSatisfy { $0.since[id] != nil } }
        let since = common.map { id in (id, ExampleIdentity.at(there.compactMap { $0.since[id] }.max() ?? time)) }
        return ServingEvidence(webhooks: .trust(Dictionary(uniqueKeysWithValues: since)), request: request)
    }

    private mutating func lead() throws {
        guard leads else { return }
        // A replica whose clock is wrong steps down: another one leads next.
        guard trustsEveryClock || ClockReading(ahead: ahead).agrees else { return ahead = 0 }
        let now = leaderNow
        for _ in 0..<20 {
            switch store.nextStep(at: now, policy: policy, evidence: evidence) {
            case .wait: return
            case .recordLifetime(let seconds): change(store.recording(lifetime: seconds))
            case .remove(let ids): change(store.removing(ids))
            case .announce(let reason):
                made += 1
                change(
                    store.announcing(
                        try ExampleIdentity.authority(
                            "ca \(made)", .next, reason: reason, constraint: NameConstraint(for: policy.names),
                            from: now.roundedUp, lifetime: policy.authorityLifetime), answering: request))
                updateWebhooks()
            case .activate(let id, let names):
                activations += 1
                guard let next = store[id] else { throw Breach(description: "no CA is activated") }
                let certificate = certificate(names, of: next)
                guard let changed = store.activating(id, certificate: certificate, at: now, policy: policy) else {
                    throw Breach(description: "no change is activated")
                }
                change(changed)
            case .renewCertificate(_, let names):
                guard let issuing = store.issuing else { throw Breach(description: "no CA issues") }
                change(store.renewing(certificate(names, of: issuing)))
            }
        }
        throw Breach(description: "the steps do not end")
    }

    private func certificate(_ names: CertificateNames, of authority: ServingIdentity.Authority)
        -> ServingIdentity.Certificate
    {
        ExampleIdentity.certificate(
            "certificate of \(authority.id) \(time)", names: names, from: leaderNow,
            to: policy.certificateEnd(at: leaderNow, of: authority))
    }

    private mutating func change(_ identity: ServingIdentity) {
        store = identity
        for index in replicas.indices where replicas[index].behindSince == nil { replicas[index].behindSince = time }
    }

    private mutating func hear() {
        for index in replicas.indices {
            guard let since = replicas[index].behindSince else { continue }
            if random.oneIn(4) || time - since >= Self.replicaWindow - 2 {
                replicas[index] = Replica(view: store, behindSince: nil)
            }
        }
    }

    /// The certificates that are served within the window.
    private var heard: [ServingIdentity] { replicas.map(\.view) }

    private mutating func refresh() throws {
        for index in sidecars.indices where sidecars[index].due <= time {
            let sidecar = sidecars[index]
            for view in heard {
                guard let issuer = view.issuing?.id, sidecar.injected.union(sidecar.fetched).contains(issuer) else {
                    throw Breach(description: "a sidecar is served a certificate that it does not trust")
                }
            }
            sidecars[index].fetched = Set((heard.randomElement(using: &random) ?? store).authorities.map(\.id))
            sidecars[index].due = time + Double(timeToLive) * Double.random(in: 0.56...0.77, using: &random)
        }
    }

    private func check() throws {
        for view in heard {
            guard let issuing = view.issuing,
                view.certificate.names.permitted(by: issuing.constraint) == view.certificate.names
            else {
                throw Breach(description: "a certificate has names that its CA does not permit")
            }
            guard view.certificate.notAfter > now else { throw Breach(description: "a certificate has expired") }
            // After the activation deadline webhook configurations are not waited for.
            let isLastCall = view.authorities.contains { authority in
                let end = authority.notAfter.timeIntervalSince(now)
                return end < Double(policy.activationDeadline)
            }
            for webhook in webhooks where webhook.isThere && !isLastCall {
                // The caBundles that an API server may use: all that were in force in the last seconds.
                let recent = webhook.written.indices.filter { index in
                    index == webhook.written.count - 1 || webhook.written[index + 1].at > time - Self.propagation
                }.map { webhook.written[$0] }
                guard recent.allSatisfy(\.isOwn) else { continue }
                if !recent.allSatisfy({ $0.ids.contains(issuing.id) }) {
                    throw Breach(description: "an API server is served a certificate that it does not trust")
                }
            }
        }
    }
}
