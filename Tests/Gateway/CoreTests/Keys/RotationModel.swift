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

    /// What is made wrong, to test that the model finds it.
    enum Fault: CaseIterable {
        /// No token of the publisher is signed with the successor, and only documents that this process has published count.
        case publisherWaitsForActiveKey
        /// Every replica keeps the ring that it holds, and the leader writes it.
        case heldRingStays
        /// A replica whose clock is wrong acts.
        case everyClockIsRight
        /// Times in the future stay as they are.
        case futureTimesStay
        /// The leader activates a key that waits for an operator.
        case nobodyWaitsForApproval
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
        /// Since when it holds a ring of this owner.
        var held: Date
        var confirmed: Date
        /// Since when it has seen another ring in the store.
        var seen: Date?
        let publisher: SelfPublisher
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
    /// The last ring that was deleted from the store.
    var deleted: KeyRingVersion?
    /// Keys of rings that were created while another one was missing.
    var rivals: Set<KeyID> = []
    let fault: Fault?
    /// Whether documents are published with the gateway's own token.
    let isSelfPublished: Bool
    /// Whether an operator activates keys.
    let isManual: Bool
    /// Keys that the operator has approved.
    var approved: Set<KeyID> = []

    /// - Parameters:
    ///   - fault: makes the code wrong, to test that the model finds it.
    ///   - adjust: makes the policy wrong, for the same purpose.
    init(seed: UInt64, fault: Fault? = nil, adjust: (inout RotationPolicy) -> Void = { _ in }) throws {
        self.fault = fault
        isSelfPublished = seed % 2 == 1
        isManual = seed % 3 == 2
        random = SeededRandom(seed: seed)
        configuration = try ExampleEndpoint.configuration([
            .init("token", ["ttl": 3_600, "algorithm": "ES256"]),
            .init("rotation", ["every": "1d", "propagation": "10m"]),
        ])
        var policy = configuration.rotationPolicy
        policy.isManual = isManual && fault != .nobodyWaitsForApproval
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
        let publisher = SelfPublisher(place: place, edges: edges, clock: clock, isNeeded: isSelfPublished)
        return Replica(
            stored: nil, held: clock.now, confirmed: clock.now, publisher: publisher,
            publication: EndpointPublication(
                publisher: publisher, reader: edges, interval: 300,
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
        case 5 where random.oneIn(4): try administer()
        case 6 where random.oneIn(12): try await startWithoutRing(index)
        case 7 where random.oneIn(4): try await writeAhead()
        default: try await act(index)
        }
        if isManual, random.oneIn(2) { try await approve() }
        for replica in replicas.indices where random.oneIn(2) { try await look(replica) }
        fetch()
        try sign()
        try check()
    }

    /// A replica takes its next steps on its last observed state. It may stop before or after any write.
    private mutating func act(_ index: Int) async throws {
        if replicas[index].stored == nil { try await look(index) }
        guard let stored = replicas[index].stored else {
            // Only the leader creates a ring; that it does so beside the known one is ``startWithoutRing(_:)``.
            return seenKids.isEmpty ? try await makeFirst(index) : ()
        }
        if store[configuration.name] == nil {
            // The leader, which wrote it last, restores it.
            guard stored.version == deleted else { return }
            let version = try await save(stored.ring.restored, replacing: nil)
            return await settle(index, stored.ring.restored, version)
        }
        guard store[configuration.name]?.ring.owner == stored.ring.owner else { return }
        try await step(index, stored, mayCrash: true)
    }

    private mutating func step(_ index: Int, _ stored: StoredKeyRing, mayCrash: Bool = false) async throws {
        let now = clock.now.addingTimeInterval(replicas[index].offset)
        switch stored.ring.timeStep(at: now, clock: ClockReading(ahead: replicas[index].offset)) {
        case .standStill where fault != .everyClockIsRight: return
        case .repair(let ring, _) where fault != .futureTimesStay:
            let version = try await save(ring, replacing: stored.version)
            return await settle(index, ring, version)
        default: break
        }
        let snapshot = SigningKeySnapshot(ring: stored.ring, of: configuration)
        replicas[index].publisher.key =
            fault == .publisherWaitsForActiveKey ? snapshot.active?.keyID : snapshot.publisherKey?.keyID
        let documents = try #require(snapshot.documents)
        let report = await replicas[index].publication.step(documents)
        if mayCrash, random.oneIn(20) { return crash(index) }
        let step = stored.ring.nextStep(
            at: now, policy: policy, evidence: report.status.evidence.map(seenByPolicy))
        let ring: KeyRing
        if case .addKey = step {
            ring = try adding(to: stored.ring)
        } else {
            guard let next = stored.ring.applying(step, at: now, policy: policy) else { return }
            ring = next
        }
        if mayCrash, random.oneIn(20) { return crash(index) }
        let version = try await save(ring, replacing: stored.version)
        if version != nil {
            if case .addKey = step { triggers += 1 }
            if case .activate(let kid) = step {
                if stored.ring.active == nil {
                    excepted.insert(kid)
                } else if isManual, !approved.contains(kid) {
                    throw Breach(description: "\(kid) signs without an operator's approval")
                }
            }
        }
        if mayCrash, random.oneIn(20) { return crash(index) }
        await settle(index, ring, version)
    }

    /// An operator reads the issuer URL and approves the next key, where it may sign.
    private mutating func approve() async throws {
        guard let stored = store[configuration.name], let served = edges.kids(from: 0) else { return }
        let evidence = PublicEvidence(
            read: clock.now, served: served, expected: Set(stored.ring.keys.map(\.keyID)), isSettled: true)
        guard let ring = stored.ring.approving(at: clock.now, policy: policy, evidence: evidence) else { return }
        guard try await save(ring, replacing: stored.version) != nil else { return }
        approved.formUnion(ring.keys.filter(\.isApproved).map(\.keyID))
    }

    private func seenByPolicy(_ evidence: PublicEvidence) -> PublicEvidence {
        guard fault == .publisherWaitsForActiveKey else { return evidence }
        return PublicEvidence(
            read: evidence.read, served: evidence.served, expected: evidence.expected, isSettled: evidence.isSettled)
    }

    /// A new process leads while the store has lost the ring, which only other replicas have in memory.
    private mutating func startWithoutRing(_ index: Int) async throws {
        guard let stored = store[configuration.name], revoked.isEmpty, place[.keys] != nil,
            replicas.indices.contains(where: { $0 != index && replicas[$0].stored?.version == stored.version })
        else { return }
        replicas[index] = newReplica(offset: replicas[index].offset)
        store.put(nil, for: configuration.name)
        let ring = try adding(
            to: KeyRing(endpoint: configuration.name, owner: "rival\(triggers)", revision: 0, keys: []))
        guard let key = ring.active?.keyID, let version = try await save(ring, replacing: nil) else { return }
        triggers += 1
        excepted.insert(key)
        rivals.insert(key)
        await settle(index, ring, version)
    }

    /// A replica that finds another ring than its own decides which one stays.
    ///
    /// - Returns: whether it is its own.
    private mutating func resolves(_ index: Int, _ mine: StoredKeyRing, _ found: StoredKeyRing) async throws -> Bool {
        let seen = replicas[index].seen ?? clock.now
        replicas[index].seen = seen
        let reading: DocumentConflict.Reading =
            edges.kids(from: 0).map { .served(Set($0.map(\.rawValue))) } ?? .unknown
        let conflict = DocumentConflict(
            held: replicas[index].held, seen: seen, now: clock.now, window: Self.replicaWindow, reading: reading)
        var resolution = mine.ring.resolution(against: found.ring, in: conflict)
        if fault == .heldRingStays {
            resolution = conflict.isWithinWindow ? .stays(anyReplicaRestores: false) : .yields
        }
        guard case .stays(let anyReplicaRestores) = resolution else { return false }
        // Whoever is not asked to write leads half of the time.
        if anyReplicaRestores || random.oneIn(2) {
            let restored = mine.ring.restored
            let version = try await save(restored, replacing: found.version)
            await settle(index, restored, version)
        }
        return true
    }

    /// An administrator publishes what the store has.
    mutating func administer() throws {
        guard let ring = store[configuration.name]?.ring, rivals.isDisjoint(with: ring.keys.map(\.keyID)) else {
            return
        }
        let documents = try #require(SigningKeySnapshot(ring: ring, of: configuration).documents)
        for document in documents.all {
            place[document.kind] = .init(content: document.content, stamp: document.stamp, version: 0)
        }
    }

    /// Nothing fails any more: a revocation must come to its end, and the ring that verifiers know must be the one that
    /// stays.
    mutating func calmDown() async throws {
        guard !seenKids.isEmpty else { return }
        for round in 0..<90 {
            clock.advance(by: 20)
            for index in replicas.indices { try await look(index) }
            if round == 20 { try administer() }
            if let stored = store[configuration.name], replicas[0].stored?.version == stored.version {
                try await step(0, stored)
            }
        }
        guard let ring = store[configuration.name]?.ring else { return }
        guard rivals.isDisjoint(with: ring.keys.map(\.keyID)) else {
            throw Breach(description: "a ring that nobody knows has replaced the published one")
        }
        guard ring.active != nil else { throw Breach(description: "a revocation does not come to its end") }
        let times = ring.futureTimes(at: clock.now)
        guard times.isEmpty else { throw Breach(description: "\(times) stay in the future") }
    }

    private mutating func settle(_ index: Int, _ ring: KeyRing, _ version: KeyRingVersion?) async {
        guard let version else {
            // Another writer was first: the stored ring is used.
            if let stored = store[configuration.name], stored.ring.owner == ring.owner { hold(stored, index) }
            return
        }
        hold(StoredKeyRing(ring: ring, version: version), index)
        replicas[index].confirmed = clock.now
    }

    private mutating func hold(_ stored: StoredKeyRing, _ index: Int) {
        if replicas[index].stored?.ring.owner != stored.ring.owner { replicas[index].held = clock.now }
        replicas[index].stored = stored
        replicas[index].seen = nil
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
        if let mine = replicas[index].stored, mine.ring.owner != stored.ring.owner {
            if try await resolves(index, mine, stored) { return }
        }
        replicas[index].confirmed = clock.now
        guard replicas[index].stored?.version != stored.version else { return }
        // Encoded and decoded: what the document does not contain is lost.
        let document = try KeyRingDocument.encode(stored.ring)
        hold(
            StoredKeyRing(
                ring: try KeyRingDocument.decode(document, endpoint: configuration.name), version: stored.version),
            index)
    }

    /// A process loses its memory. The loss of a ring that only exists in memory is not modelled.
    private mutating func crash(_ index: Int) {
        let offset = replicas[index].offset
        guard let stored = replicas[index].stored else { return replicas[index] = newReplica(offset: offset) }
        let present = store[configuration.name]
        // The published ring, while a rival is in its place.
        let isLost = present.map { $0.ring.owner != stored.ring.owner } ?? (stored.version == deleted)
        if !isLost || !rivals.isDisjoint(with: stored.ring.keys.map(\.keyID)) {
            replicas[index] = newReplica(offset: offset)
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

    private mutating func revoke() async throws {
        guard let stored = store[configuration.name], let key = stored.ring.keys.randomElement(using: &random),
            let ring = stored.ring.revoking(key.keyID, at: clock.now)
        else { return }
        if try await save(ring, replacing: stored.version) != nil { revoked.insert(key.keyID) }
    }

    private mutating func deleteRing() {
        guard let stored = store[configuration.name], rivals.isDisjoint(with: stored.ring.keys.map(\.keyID)) else {
            return
        }
        let version = stored.version
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
        guard rivals.isDisjoint(with: kids) else { return }
        for (kid, end) in tokens
        where clock.now < end && !revoked.contains(kid) && !rivals.contains(kid) && !origin.contains(kid) {
            // The first key signs before its publication. A stale location is behind, never ahead.
            guard kids.contains(kid) else {
                throw Breach(description: "\(kid) was removed before its last token had expired")
            }
        }
    }
}
