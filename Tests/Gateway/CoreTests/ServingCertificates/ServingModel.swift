import FoundationEssentials
import GatewayCore
import GatewayTestSupport

/// A world in which replicas hear late, sidecars ask seldom, API servers are behind, people change what they like, and
/// the leader is away at times. Its promise: nobody ever meets a leaf of an authority that he does not trust.
struct ServingModel {
    struct Breach: Error, CustomStringConvertible {
        let description: String
    }

    private struct Replica {
        var view: ServingIdentity
        /// Since when it has not heard of what the store has.
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
        /// Whether the gateway wrote it, and may still.
        var isOwn: Bool
    }

    private struct Webhook {
        /// The newest last.
        var written: [Written]
        var isThere = true
        /// Up to when the gateway's patches fail.
        var stuckUntil = 0.0
        var since: [String: Double] = [:]
    }

    private var random: SeededRandom
    private var time = 0.0
    /// As every replica has it, with the longest life that it has seen.
    private var policy: ServingPolicy
    /// A day in some worlds.
    private let lastLife: Int
    /// Of tokens now.
    private var timeToLive = 900
    private var store: ServingIdentity
    private var replicas: [Replica]
    private var sidecars: [Sidecar] = []
    private var webhooks: [Webhook]
    private var request: String?
    private var leaderAwayUntil = 0.0
    private var mayWriteWebhooks = true
    private var made = 1
    private(set) var activations = 0
    private(set) var most = 1

    /// Real windows, whatever the policy says.
    private static let replicaWindow = 900.0
    private static let settling = 5.0
    private static let nameSets = [["a", "b"], ["a"], ["a", "c"], ["a", "b", "*.d"]]

    init(seed: UInt64, adjust: (inout ServingPolicy) -> Void = { _ in }) throws {
        random = SeededRandom(seed: seed)
        lastLife = random.oneIn(4) ? 86_400 : 900
        policy = ServingPolicy(names: CertificateNames(dns: Self.nameSets[0], addresses: []), timeToLive: 900)
        policy.authorityLifetime = 20 * 86_400
        policy.leafLifetime = 2 * 86_400
        policy.plannedOverlap = 86_400
        policy.lastCall = 2 * 86_400
        adjust(&policy)
        store = ServingIdentity(
            owner: "owner",
            authorities: [
                try ExampleIdentity.authority(
                    "ca 1", constraint: NameConstraint(for: policy.names), lifetime: policy.authorityLifetime)
            ], leaf: ExampleIdentity.leaf("leaf", names: policy.names, to: ExampleIdentity.at(2 * 86_400)),
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

    mutating func tick() throws {
        var step = Double.random(in: 0.5...3, using: &random)
        if !random.oneIn(4) { step = Double.random(in: 10...7_200, using: &random) }
        // Nobody's time is passed over.
        let due = sidecars.map(\.due).min().map { max(0.1, $0 - time) } ?? step
        let limits = replicas.compactMap(\.behindSince).map { max(0.1, $0 + Self.replicaWindow - 1 - time) }
        time += ([step, due] + limits).min() ?? step
        people()
        keepWebhooks()
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
        if random.oneIn(100) { mayWriteWebhooks.toggle() }
        for index in webhooks.indices where random.oneIn(40) {
            webhooks[index].stuckUntil = time + Double.random(in: 0...20_000, using: &random)
        }
        for index in webhooks.indices where random.oneIn(80) {
            // Somebody puts back what was there before, deletes it or makes it anew.
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

    private mutating func keepWebhooks() {
        guard leads, mayWriteWebhooks else {
            for index in webhooks.indices {
                webhooks[index].since = [:]
                // An authority's last call does not ask those who cannot be asked.
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
        guard let first = there.first else { return ServingEvidence(webhooks: .nobody, request: request) }
        let common = first.since.keys.filter { id in there.allSatisfy { $0.since[id] != nil } }
        let since = common.map { id in (id, ExampleIdentity.at(there.compactMap { $0.since[id] }.max() ?? time)) }
        return ServingEvidence(webhooks: .trust(Dictionary(uniqueKeysWithValues: since)), request: request)
    }

    private mutating func lead() throws {
        guard leads else { return }
        for _ in 0..<20 {
            switch store.nextStep(at: now, policy: policy, evidence: evidence) {
            case .wait: return
            case .recordLife(let seconds): change(store.recording(life: seconds))
            case .remove(let ids): change(store.removing(ids))
            case .announce(let reason):
                made += 1
                change(
                    store.announcing(
                        try ExampleIdentity.authority(
                            "ca \(made)", .next, reason: reason, constraint: NameConstraint(for: policy.names),
                            from: now.roundedUp, lifetime: policy.authorityLifetime), answering: request))
                keepWebhooks()
            case .activate(let id, let names):
                activations += 1
                guard let next = store[id] else { throw Breach(description: "nobody is activated") }
                let leaf = leaf(names, of: next)
                guard let changed = store.activating(id, leaf: leaf, at: now, policy: policy) else {
                    throw Breach(description: "nothing is activated")
                }
                change(changed)
            case .renewLeaf(_, let names):
                guard let issuing = store.issuing else { throw Breach(description: "nobody issues") }
                change(store.renewing(leaf(names, of: issuing)))
            }
        }
        throw Breach(description: "the steps do not end")
    }

    private func leaf(_ names: CertificateNames, of authority: ServingIdentity.Authority) -> ServingIdentity.Leaf {
        ExampleIdentity.leaf(
            "leaf of \(authority.id) \(time)", names: names, from: now, to: policy.leafEnd(at: now, of: authority))
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

    /// What is served within the window.
    private var heard: [ServingIdentity] { replicas.map(\.view) }

    private mutating func refresh() throws {
        for index in sidecars.indices where sidecars[index].due <= time {
            let sidecar = sidecars[index]
            for view in heard {
                guard let issuer = view.issuing?.id, sidecar.injected.union(sidecar.fetched).contains(issuer) else {
                    throw Breach(description: "a sidecar meets a leaf that it does not trust")
                }
            }
            sidecars[index].fetched = Set((heard.randomElement(using: &random) ?? store).authorities.map(\.id))
            sidecars[index].due = time + Double(timeToLive) * Double.random(in: 0.56...0.77, using: &random)
        }
    }

    private func check() throws {
        for view in heard {
            guard let issuing = view.issuing, view.leaf.names.permitted(by: issuing.constraint) == view.leaf.names
            else {
                throw Breach(description: "a leaf has names that its authority may not sign for")
            }
            guard view.leaf.notAfter > now else { throw Breach(description: "a leaf has ended") }
            // An authority's last call does not ask those who cannot be asked.
            let isLastCall = view.authorities.contains { authority in
                let end = authority.notAfter.timeIntervalSince(now)
                return end < Double(policy.lastCall)
            }
            for webhook in webhooks where webhook.isThere && !isLastCall {
                // What an API server may go by: all that was in force in the last seconds.
                let recent = webhook.written.indices.filter { index in
                    index == webhook.written.count - 1 || webhook.written[index + 1].at > time - Self.settling
                }.map { webhook.written[$0] }
                guard recent.allSatisfy(\.isOwn) else { continue }
                if !recent.allSatisfy({ $0.ids.contains(issuing.id) }) {
                    throw Breach(description: "an API server meets a leaf that it does not trust")
                }
            }
        }
    }
}
