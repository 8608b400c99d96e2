import Crypto
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import JSON
import Synchronization

/// A model around one key ring that is handed over: a relying party without conditional writes, whose verifiers follow
/// late, and replicas that lead by turns, are suspended before their writes, and end at any time. It verifies with the
/// keys that were handed over, and with nothing else. Its invariants are checked at each tick.
struct KeyHandOverModel {
    /// A violated invariant.
    struct Breach: Error, CustomStringConvertible {
        let description: String
    }

    /// What is made wrong, to test that the model finds it.
    enum Fault: CaseIterable {
        /// A new key signs as soon as it is confirmed.
        case noPropagation
        /// Only a reading confirms, although the party can store what it cannot use.
        case noTrial
    }

    /// Seconds until every verifier of the party follows a write.
    static let delay = 60.0

    private struct Replica {
        var ring: KeyRing
        var handOver: EndpointKeyHandOver
    }

    private let fault: Fault?
    private let configuration: EndpointConfiguration
    private let policy: RotationPolicy
    private let clock: ManualClock
    private let party: Party
    private let confirmation: KeyHandOver.Confirmation
    private var random: SeededRandom
    /// The stored ring.
    private var ring: KeyRing
    private var replicas: [Replica] = []
    private let leader = Shared(0)
    private let stored: Shared<Int>
    private var revoked: Set<KeyID> = []
    /// Keys that signed without being held: the first one, and one after a revocation without a standby key.
    private var excepted: Set<KeyID> = []
    private(set) var activations = 0

    init(seed: UInt64, fault: Fault? = nil) throws {
        self.fault = fault
        random = SeededRandom(seed: seed)
        configuration = try ExampleEndpoint.configuration([.init("token", ["algorithm": "ES256"])])
        var policy = configuration.rotationPolicy
        policy.every = 86_400
        policy.propagation = fault == .noPropagation ? 0 : Int(Self.delay)
        policy.hasStandby = seed % 2 == 1
        self.policy = policy
        clock = ManualClock(now: ExampleEndpoint.now)
        confirmation = fault == .noTrial ? .readBack : seed % 4 < 2 ? .trial : .readBack
        party = Party(clock: clock, canStoreGarbage: fault == .noTrial || confirmation == .trial, seed: random.next())
        ring = KeyRing(endpoint: configuration.name, owner: "owner", revision: 0, keys: [])
        stored = Shared(0)
        ring = try adding(isStandby: false)
        stored.value = ring.revision
        excepted = Set(ring.keys.map(\.keyID))
        for index in 0..<Int.random(in: 1...3, using: &random) { replicas.append(newReplica(index)) }
    }

    private func newReplica(_ index: Int) -> Replica {
        let ports = EndpointKeyHandOver.Ports(
            renewLease: { [leader, stored] documents in
                leader.value == index && documents.keys.stamp.revision == stored.value
            },
            trialToken: { [party] keyID throws(PublishError) in
                guard let token = party.trialToken(keyID) else { throw PublishError(.unavailable, "no such key") }
                return token
            }, now: { [clock] in clock.now }, random: { 0.5 })
        return Replica(
            ring: ring,
            handOver: EndpointKeyHandOver(
                party, confirmation: confirmation, interval: 300, repetition: policy.propagation, ports: ports))
    }

    private mutating func adding(isStandby: Bool) throws -> KeyRing {
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let key = try SigningKey(
            pem: try P256.Signing.PrivateKey(rawRepresentation: bytes).pemRepresentation, algorithm: .es256)
        party.learn(key)
        return ring.adding(
            key, certificate: try ExampleEndpoint.certificate(), at: clock.now, policy: policy, isStandby: isStandby)
    }

    mutating func tick() async throws {
        party.advance(to: clock, by: [1, 5, 10, 15, 15, 60, 60, 300, 700, 3_600].randomElement(using: &random) ?? 1)
        let index = Int.random(in: replicas.indices, using: &random)
        switch Int.random(in: 0..<20, using: &random) {
        case 0: replicas[index] = newReplica(index)
        case 1: leader.value = index
        case 2 where random.oneIn(8): try revoke()
        case 3: if let successor = ring.successor, successor.isStandby { try save(.useStandby(successor.keyID)) }
        default: try await act(index)
        }
        for replica in replicas.indices where random.oneIn(2) { replicas[replica].ring = ring }
        try check()
    }

    private mutating func act(_ index: Int) async throws {
        let snapshot = SigningKeySnapshot(
            ring: replicas[index].ring, issuer: configuration.issuer, privateClaimNames: [],
            readingDue: replicas[index].ring.readingDue(policy))
        guard let documents = snapshot.documents else { return }
        let report = await replicas[index].handOver.step(documents)
        // Every write of the ring is compare-and-swap.
        guard leader.value == index, replicas[index].ring.revision == ring.revision else { return }
        if let recorded = ring.recording(
            nil, location: report.status.location, invalidated: nil, handedOver: report.status.handedOver)
        {
            ring = recorded
            stored.value = ring.revision
        } else {
            try save(ring.nextStep(at: clock.now, policy: policy, evidence: report.status.evidence))
        }
        replicas[index].ring = ring
    }

    private mutating func save(_ step: RotationStep) throws {
        if case .addKey(let reason) = step {
            ring = try adding(isStandby: reason == .standby)
        } else {
            guard let next = ring.applying(step, at: clock.now, policy: policy) else { return }
            if case .activate(let key) = step {
                activations += 1
                // After a revocation the key signs without waiting for all verifiers.
                if ring.active == nil { excepted.insert(key) }
            }
            ring = next
        }
        stored.value = ring.revision
    }

    private mutating func revoke() throws {
        guard let key = ring.keys.randomElement(using: &random), let next = ring.revoking(key.keyID, at: clock.now)
        else { return }
        // A standby key that was published just now: not every verifier follows yet.
        if let active = next.active, active.keyID != ring.active?.keyID { excepted.insert(active.keyID) }
        revoked.insert(key.keyID)
        ring = next
        stored.value = ring.revision
    }

    private func check() throws {
        guard let active = ring.active else {
            guard !revoked.isEmpty else { throw Breach(description: "no key signs") }
            return
        }
        guard !revoked.contains(active.keyID) else { throw Breach(description: "a revoked key signs") }
        guard ring.keys.count(where: \.isStandby) <= 1 else { throw Breach(description: "two standby keys") }
        if excepted.contains(active.keyID) { return }
        // A suspended writer does not remove it either: what it writes late is less than a lease period old.
        guard party.verifies(active.keyID) else {
            throw Breach(description: "a token of \(active.keyID) was signed that a verifier cannot verify")
        }
    }

    /// Nothing fails any more: the party must hold the keys of the ring, and no other.
    mutating func calmDown() async throws {
        party.isCalm = true
        leader.value = 0
        for round in 0..<200 {
            party.advance(to: clock, by: 30)
            replicas[0].ring = ring
            try await act(0)
            // The last change of the ring is handed over, too.
            if round >= 60, ring.active != nil, party.held == Set(ring.keys.map(\.keyID)) { break }
        }
        guard ring.active != nil else { throw Breach(description: "a revocation does not come to its end") }
        guard party.held == Set(ring.keys.map(\.keyID)) else {
            let reason = replicas[0].handOver.status.failure ?? "no failure"
            throw Breach(description: "the party does not hold the keys of the ring: \(reason)")
        }
        guard party.held.isDisjoint(with: revoked) else { throw Breach(description: "the party holds a revoked key") }
    }
}

/// A value that closures share.
private final class Shared<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) { state = Mutex(value) }

    var value: Value {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
