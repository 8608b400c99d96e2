import Crypto
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import JSON
import Synchronization
import Testing

/// A model around one key ring: a store, a published location, two CDN edges, verifiers that cache, and replicas
/// that act at random times on their last observed state. Its invariants are checked at each tick.
struct RotationModel {
    /// A violated invariant.
    struct Breach: Error, CustomStringConvertible {
        let description: String
    }

    static let maximumAge = 300.0
    static let replicaWindow = 900.0

    /// A cached key set.
    struct Copy {
        var kids: Set<KeyID>
        var fetched: Date
    }

    struct Replica {
        var stored: StoredKeyRing?
        var confirmed: Date
        var publication: EndpointPublication
        /// Seconds by which its clock is ahead.
        var offset: Double
    }

    let policy: RotationPolicy
    let configuration: EndpointConfiguration
    let clock: ManualClock
    let store = FakeSigningKeyStore()
    let place = FakePublisher()
    let edges: FakeEdges
    var random: SeededRandom
    var replicas: [Replica] = []
    var verifiers: [Copy?]

    /// When the last token of a key expires, leeway included.
    var tokens: [KeyID: Date] = [:]
    var revoked: Set<KeyID> = []
    /// Keys that signed early after a revocation.
    var excepted: Set<KeyID> = []
    var seenKids: Set<KeyID> = []
    var triggers = 0
    /// Whether a replica whose clock is wrong acts nevertheless: a fault that the model must find.
    let trustsEveryClock: Bool
    /// The last ring that was deleted from the store.
    var deleted: KeyRingVersion?

    /// - Parameter adjust: makes the policy wrong, to test that the model finds it.
    init(seed: UInt64, trustsEveryClock: Bool = false, adjust: (inout RotationPolicy) -> Void = { _ in }) throws {
        self.trustsEveryClock = trustsEveryClock
        random = SeededRandom(seed: seed)
        configuration = try ExampleEndpoint.configuration([
            .init("token", ["ttl": 3_600, "algorithm": "ES256"]),
            .init("rotation", ["every": "1d", "propagation": "10m"]),
        ])
        var policy = configuration.rotationPolicy
        adjust(&policy)
        self.policy = policy
        clock = ManualClock(now: ExampleEndpoint.now)
        edges = FakeEdges(place: place, clock: clock, seed: random.next())
        verifiers = Array(repeating: nil, count: 4)
        for _ in 0..<Int.random(in: 1...3, using: &random) { replicas.append(newReplica()) }
        // The last one is three hours behind, in some worlds with others.
        if replicas.count > 1, random.oneIn(3) { replicas[replicas.count - 1] = newReplica(offset: -3 * 3_600) }
    }

    private func newReplica(offset: Double = 0) -> Replica {
        Replica(
            stored: nil, confirmed: clock.now,
            publication: EndpointPublication(
                publisher: place, reader: edges, interval: 300,
                now: { [clock] in clock.now.addingTimeInterval(offset) }, random: { 0.5 }), offset: offset)
    }

    /// Restarts all processes.
    mutating func restart() {
        for index in replicas.indices { crash(index) }
    }

    // MARK: Events

    mutating func tick() async throws {
        await Task.yield()
        clock.advance(by: [1, 5, 15, 15, 60, 60, 240, 300, 700, 3_600].randomElement(using: &random) ?? 1)
        if random.oneIn(6) { place.fail(PublishError(.unavailable, "away")) }
        let index = Int.random(in: replicas.indices, using: &random)
        switch Int.random(in: 0..<24, using: &random) {
        case 0: crash(index)
        case 1: try await rotate()
        case 2 where random.oneIn(12): try await revoke()
        case 3 where random.oneIn(6): deleteRing()
        case 4: edges.evict(using: &random)
        case 5 where random.oneIn(4): try await writeAhead()
        default: try await act(index)
        }
        for replica in replicas.indices where random.oneIn(2) { try await look(replica) }
        fetch()
        try sign()
        try check()
    }

    /// A replica takes its next steps on its last observed state. It may stop before or after any write.
    private mutating func act(_ index: Int) async throws {
        if replicas[index].stored == nil { try await look(index) }
        guard let stored = replicas[index].stored else {
            // A replica that has not observed a deleted ring would create another one: the old one is lost, which is not modelled.
            return seenKids.isEmpty ? try await makeFirst(index) : ()
        }
        if store[configuration.name] == nil {
            // The leader, which wrote it last, restores it.
            guard stored.version == deleted else { return }
            let version = try await save(stored.ring.restored, replacing: nil)
            return await settle(index, stored.ring.restored, version)
        }
        let now = clock.now.addingTimeInterval(replicas[index].offset)
        switch stored.ring.timeStep(at: now, clock: ClockReading(ahead: replicas[index].offset)) {
        case .standStill where !trustsEveryClock: return
        case .repair(let ring, _):
            let version = try await save(ring, replacing: stored.version)
            return await settle(index, ring, version)
        default: break
        }
        let snapshot = SigningKeySnapshot(ring: stored.ring, of: configuration)
        let documents = try #require(snapshot.documents)
        let report = await replicas[index].publication.step(documents)
        if random.oneIn(20) { return crash(index) }
        let step = stored.ring.nextStep(at: now, policy: policy, evidence: report.status.evidence)
        let ring: KeyRing
        if case .addKey = step {
            ring = try adding(to: stored.ring)
        } else {
            guard let next = stored.ring.applying(step, at: now, policy: policy) else { return }
            ring = next
        }
        if random.oneIn(20) { return crash(index) }
        let version = try await save(ring, replacing: stored.version)
        if version != nil {
            if case .addKey = step { triggers += 1 }
            if case .activate(let kid) = step, stored.ring.active == nil { excepted.insert(kid) }
        }
        if random.oneIn(20) { return crash(index) }
        await settle(index, ring, version)
    }

    private mutating func settle(_ index: Int, _ ring: KeyRing, _ version: KeyRingVersion?) async {
        guard let version else {
            // Conflict: another replica was first. Use the stored ring.
            replicas[index].stored = store[configuration.name] ?? replicas[index].stored
            return
        }
        replicas[index].stored = StoredKeyRing(ring: ring, version: version)
        replicas[index].confirmed = clock.now
    }

    private func save(_ ring: KeyRing, replacing version: KeyRingVersion?) async throws -> KeyRingVersion? {
        do {
            return try await store.save(ring, replacing: version)
        } catch KeyStoreError.conflict {
            return nil
        }
    }

    /// Keys derive from the seed, since a rotation's time depends on them.
    private mutating func adding(to ring: KeyRing, at time: Date? = nil) throws -> KeyRing {
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let key = try SigningKey(
            pem: try P256.Signing.PrivateKey(rawRepresentation: bytes).pemRepresentation, algorithm: .es256)
        return ring.adding(key, certificate: try ExampleEndpoint.certificate(), at: time ?? clock.now, policy: policy)
    }

    private mutating func makeFirst(_ index: Int) async throws {
        let ring = try adding(to: KeyRing(endpoint: configuration.name, owner: "owner", revision: 0, keys: []))
        let version = try await save(ring, replacing: nil)
        if version != nil { triggers += 1 }
        await settle(index, ring, version)
    }

    /// A replica observes the store.
    private mutating func look(_ index: Int) async throws {
        guard let stored = store[configuration.name] else { return }
        replicas[index].confirmed = clock.now
        guard replicas[index].stored?.version != stored.version else { return }
        // Encoded and decoded: what the document does not contain is lost.
        let document = try KeyRingDocument.encode(stored.ring)
        replicas[index].stored = StoredKeyRing(
            ring: try KeyRingDocument.decode(document, endpoint: configuration.name), version: stored.version)
    }

    /// A process loses its memory. The loss of a ring that only exists in memory is not modelled.
    private mutating func crash(_ index: Int) {
        if store[configuration.name] != nil || replicas[index].stored?.version != deleted {
            replicas[index] = newReplica(offset: replicas[index].offset)
        }
    }

    private mutating func rotate() async throws {
        guard let stored = store[configuration.name], stored.ring.successor == nil,
            stored.ring.keys.count < RotationPolicy.maximumKeys
        else { return }
        if try await save(try adding(to: stored.ring), replacing: stored.version) != nil { triggers += 1 }
    }

    /// A process whose clock is two days ahead, which nothing has compared yet, takes a step.
    private mutating func writeAhead() async throws {
        guard let stored = store[configuration.name] else { return }
        let ahead = clock.now.addingTimeInterval(2 * 86_400)
        if let successor = stored.ring.successor {
            let step = RotationStep.markPublished(successor.keyID, at: ahead)
            guard let ring = stored.ring.applying(step, at: ahead, policy: policy) else { return }
            _ = try await save(ring, replacing: stored.version)
        } else if stored.ring.keys.count < RotationPolicy.maximumKeys {
            if try await save(try adding(to: stored.ring, at: ahead), replacing: stored.version) != nil {
                triggers += 1
            }
        }
    }

    /// What a leader with a right clock makes of the ring after some steps.
    mutating func heal() async throws {
        for _ in 0..<20 {
            try await look(0)
            try await act(0)
        }
        guard let ring = store[configuration.name]?.ring, replicas[0].offset == 0 else { return }
        let times = ring.futureTimes(at: clock.now)
        if !times.isEmpty { throw Breach(description: "\(times) stay in the future") }
    }

    private mutating func revoke() async throws {
        guard let stored = store[configuration.name], let key = stored.ring.keys.randomElement(using: &random),
            let ring = stored.ring.revoking(key.keyID, at: clock.now)
        else { return }
        if try await save(ring, replacing: stored.version) != nil { revoked.insert(key.keyID) }
    }

    private mutating func deleteRing() {
        guard let version = store[configuration.name]?.version else { return }
        if replicas.contains(where: { $0.stored?.version == version }) {
            deleted = version
            store.put(nil, for: configuration.name)
        }
    }

    private mutating func fetch() {
        for index in verifiers.indices where random.oneIn(3) {
            if let copy = verifiers[index], clock.now.timeIntervalSince(copy.fetched) < Self.maximumAge { continue }
            if let kids = edges.kids(from: Int.random(in: 0..<2, using: &random)) {
                verifiers[index] = Copy(kids: kids, fetched: clock.now)
            }
        }
    }

    /// Every replica that may sign signs.
    private mutating func sign() throws {
        for replica in replicas {
            guard let key = replica.stored?.ring.active,
                clock.now.timeIntervalSince(replica.confirmed) < Self.replicaWindow
            else { continue }
            let kid = key.keyID
            tokens[kid] = max(
                tokens[kid] ?? .distantPast,
                clock.now.addingTimeInterval(Double(policy.timeToLive + RotationPolicy.leeway)))
            guard !revoked.contains(kid), !excepted.contains(kid) else { continue }
            for copy in verifiers.compactMap(\.self) + edges.copies
            where clock.now.timeIntervalSince(copy.fetched) < Self.maximumAge && !copy.kids.contains(kid) {
                throw Breach(description: "a token of \(kid) was signed that a cache cannot verify")
            }
            if let origin = edges.originKids, !origin.contains(kid) {
                throw Breach(description: "a token of \(kid) was signed that the published key set cannot verify")
            }
        }
    }

    // MARK: Invariants

    private mutating func check() throws {
        guard let ring = store[configuration.name]?.ring else { return }
        let kids = Set(ring.keys.map(\.keyID))
        guard kids.isDisjoint(with: revoked) else { throw Breach(description: "a revoked key is back") }
        seenKids.formUnion(kids)
        guard seenKids.count <= triggers else {
            throw Breach(description: "\(seenKids.count) keys were created for \(triggers) rotations")
        }
        guard ring.active != nil || !revoked.isEmpty else { throw Breach(description: "no key signs") }
        guard ring.keys.count <= RotationPolicy.maximumKeys else { throw Breach(description: "too many keys") }
        guard let origin = edges.originKids else { return }
        for (kid, end) in tokens where clock.now < end && !revoked.contains(kid) && !origin.contains(kid) {
            // The first key signs before its publication. A stale location is behind, never ahead.
            guard kids.contains(kid) else {
                throw Breach(description: "\(kid) was removed before its last token had expired")
            }
        }
    }
}

/// Two CDN edges, each with a copy that it caches for up to the maximum age.
final class FakeEdges: IssuerReading {
    private struct State {
        var copies: [[IssuerDocumentKind: (content: [UInt8], fetched: Date)]] = [[:], [:]]
        var random: SeededRandom
        /// Parsed key sets by content, since parsing is slow.
        var parsed: [[UInt8]: Set<KeyID>] = [:]
    }

    private let place: FakePublisher
    private let clock: ManualClock
    private let state: Mutex<State>

    init(place: FakePublisher, clock: ManualClock, seed: UInt64) {
        self.place = place
        self.clock = clock
        state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    func read(_ document: IssuerDocumentKind) async -> IssuerResponse {
        let edge = state.withLock { Int.random(in: 0..<2, using: &$0.random) }
        return content(document, from: edge).map { .content($0, isOwn: false) } ?? .failure("it answers 404")
    }

    private func content(_ document: IssuerDocumentKind, from edge: Int) -> [UInt8]? {
        state.withLock { state in
            if let copy = state.copies[edge][document],
                clock.now.timeIntervalSince(copy.fetched) < RotationModel.maximumAge
            {
                return copy.content
            }
            guard let object = place[document] else { return nil }
            state.copies[edge][document] = (object.content, clock.now)
            return object.content
        }
    }

    func evict(using random: inout SeededRandom) {
        let edge = Int.random(in: 0..<2, using: &random)
        state.withLock { $0.copies[edge] = [:] }
    }

    func kids(from edge: Int) -> Set<KeyID>? { content(.keys, from: edge).flatMap(kids) }

    var originKids: Set<KeyID>? { place[.keys].flatMap { kids($0.content) } }

    var copies: [RotationModel.Copy] {
        state.withLock { $0.copies.compactMap { $0[.keys] } }.compactMap { copy in
            kids(copy.content).map { RotationModel.Copy(kids: $0, fetched: copy.fetched) }
        }
    }

    private func kids(_ content: [UInt8]) -> Set<KeyID>? {
        if let known = state.withLock({ $0.parsed[content] }) { return known }
        guard let set = try? JSONWebKeySet(parsing: content) else { return nil }
        let kids = Set(set.keys.map(\.keyID))
        state.withLock { $0.parsed[content] = kids }
        return kids
    }
}
