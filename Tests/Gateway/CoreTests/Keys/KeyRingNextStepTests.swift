import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("The next step of a key ring")
struct KeyRingNextStepTests {
    private let now = ExampleEndpoint.now
    private let policy: RotationPolicy
    private let old = TestKeys.ec
    private let new: SigningKey

    init() throws {
        policy = try ExampleEndpoint.configuration([
            .init("token", ["algorithm": "ES256"]), .init("rotation", ["every": "30d", "propagation": "2h"]),
        ]).rotationPolicy
        new = try SigningKey.generate(.es256)
    }

    private func at(_ seconds: Double) -> Date { now.addingTimeInterval(seconds) }

    private func step(
        _ ring: KeyRing, at seconds: Double, sees evidence: PublicEvidence? = nil, policy: RotationPolicy? = nil
    ) -> RotationStep {
        ring.nextStep(at: at(seconds), policy: policy ?? self.policy, evidence: evidence)
    }

    /// A reading of the issuer URL.
    private func reading(
        _ ring: KeyRing, at seconds: Double, serves kids: [SigningKey], isSettled: Bool = true,
        isDescribed: Bool = true
    ) -> PublicEvidence {
        PublicEvidence(
            read: at(seconds), served: Set(kids.map(\.keyID)), expected: Set(ring.keys.map(\.keyID)),
            isSettled: isSettled, isDescribed: isDescribed)
    }

    /// The old key signs, and the new one was created at 0.
    private func prepared() throws -> KeyRing {
        try ExampleEndpoint.ring(old)
            .adding(new, certificate: try ExampleEndpoint.certificate(), at: now, policy: policy)
    }

    private func published(at seconds: Double) throws -> KeyRing {
        try #require(
            try prepared().applying(.markPublished(new.keyID, at: at(seconds)), at: at(seconds), policy: policy))
    }

    @Test("A ring's first key signs immediately; a later one, and the first after a revocation, does not")
    func firstKey() throws {
        let certificate = try ExampleEndpoint.certificate()
        let empty = KeyRing(endpoint: "one", owner: "owner", revision: 0, keys: [])
        let first = empty.adding(old, certificate: certificate, at: now, policy: policy)
        #expect(first.active?.keyID == old.keyID && first.active?.maximumTokenLifetime == 900 && first.revision == 1)
        let second = first.adding(new, certificate: certificate, at: now, policy: policy)
        #expect(second.active?.keyID == old.keyID && second.successor?.state == .prepared)
        let revoked = try #require(first.revoking(old.keyID, at: now))
        #expect(revoked.active == nil && revoked.keys.isEmpty)
        let after = revoked.adding(new, certificate: certificate, at: now, policy: policy)
        #expect(after.active == nil && after.successor?.keyID == new.keyID)
    }

    @Test("A key is replaced at its age or up to a tenth earlier, always at the same time")
    func age() throws {
        let ring = try ExampleEndpoint.ring(old)
        let due = policy.due(try #require(ring.active)).timeIntervalSince(now)
        #expect(due <= 30 * 86_400 && due >= 27 * 86_400)
        #expect(step(ring, at: due - 1) == .wait(.age, until: at(due)))
        #expect(step(ring, at: due) == .addKey(.age))
        let dues = try (0..<20).map { _ in
            policy.due(try #require(try ExampleEndpoint.ring(SigningKey.generate(.es256)).active))
        }
        #expect(Set(dues).count > 15)
    }

    @Test("Another algorithm and a longer token lifetime take effect immediately; a shorter one does not")
    func changedPolicy() throws {
        let ring = try ExampleEndpoint.ring(old)
        var changed = policy
        changed.algorithm = .rs256
        #expect(step(ring, at: 0, policy: changed) == .addKey(.algorithm))
        changed = policy
        changed.timeToLive = 3_600
        #expect(step(ring, at: 0, policy: changed) == .recordLifetime(old.keyID, seconds: 3_600))
        changed.timeToLive = 60
        #expect(step(ring, at: 0, policy: changed).isWait)
        let longer = try #require(ring.applying(.recordLifetime(old.keyID, seconds: 3_600), at: now, policy: policy))
        #expect(longer.active?.maximumTokenLifetime == 3_600)
    }

    @Test("A new key waits for its documents, then for the issuer URL to serve it")
    func waits() throws {
        let ring = try prepared()
        let since = try #require(ring.successor?.created)
        #expect(step(ring, at: 5) == .wait(.publication(new.keyID, since: since), until: nil))
        let unsettled = reading(ring, at: 5, serves: [old, new], isSettled: false)
        #expect(step(ring, at: 5, sees: unsettled) == .wait(.publication(new.keyID, since: since), until: nil))
        let without = reading(ring, at: 5, serves: [old])
        #expect(step(ring, at: 5, sees: without) == .wait(.visibility(new.keyID, since: since), until: nil))
        let with = reading(ring, at: 5, serves: [old, new])
        #expect(step(ring, at: 5, sees: with) == .markPublished(new.keyID, at: at(5)))
    }

    @Test("A reading for an older ring is not evidence for this one")
    func olderReading() throws {
        let ring = try prepared()
        let reading = PublicEvidence(
            read: at(5), served: [old.keyID, new.keyID], expected: [old.keyID], isSettled: true)
        #expect(step(ring, at: 5, sees: reading).isWait)
    }

    @Test("A key signs after the propagation since its first observation, and after a final reading")
    func propagation() throws {
        let ring = try published(at: 10)
        let early = reading(ring, at: 10, serves: [old, new])
        #expect(
            step(ring, at: 7_209, sees: early)
                == .wait(.propagation(new.keyID, since: at(10)), until: at(7_210)))
        #expect(ring.readingDue(policy) == at(7_210))
        #expect(step(ring, at: 7_211, sees: early) == .wait(.finalReading(new.keyID), until: nil))
        let late = reading(ring, at: 7_210, serves: [old, new])
        #expect(step(ring, at: 7_211, sees: late) == .activate(new.keyID))
        #expect(step(ring, at: 7_241, sees: late) == .wait(.finalReading(new.keyID), until: nil))
    }

    @Test("A reading without the key restarts its propagation")
    func seenWithout() throws {
        let ring = try published(at: 10)
        #expect(step(ring, at: 3_000, sees: reading(ring, at: 2_990, serves: [old])) == .markAbsent(new.keyID))
        #expect(step(ring, at: 7_300, sees: reading(ring, at: 7_290, serves: [old])) == .markAbsent(new.keyID))
        let again = try #require(ring.applying(.markAbsent(new.keyID), at: at(3_000), policy: policy))
        #expect(again.successor?.state == .prepared && again.successor?.published == nil)
    }

    @Test("The old key stays until its last token has expired, including tokens of a late replica")
    func retirement() throws {
        let ring = try #require(try published(at: 10).applying(.activate(new.keyID), at: at(7_300), policy: policy))
        #expect(ring.active?.keyID == new.keyID && ring[old.keyID]?.retired == at(7_300))
        let end = 7_300.0 + 900 + 300 + 2 * 300 + 900
        #expect(step(ring, at: end - 1) == .wait(.age, until: at(end)))
        #expect(step(ring, at: end) == .remove([old.keyID]))
        let after = try #require(ring.applying(.remove([old.keyID]), at: at(end), policy: policy))
        #expect(after.keys.map(\.keyID) == [new.keyID])
    }

    @Test("After a revocation the next key is created where there is none, and signs as soon as it is served")
    func revocation() throws {
        let lone = try #require(try ExampleEndpoint.ring(old).revoking(old.keyID, at: now))
        #expect(step(lone, at: 1) == .addKey(.revoked))
        let ring = try #require(try prepared().revoking(old.keyID, at: at(20)))
        #expect(ring.revoked.map(\.kid) == [old.keyID])
        #expect(step(ring, at: 21).isWait)
        #expect(step(ring, at: 21, sees: reading(ring, at: 21, serves: [])).isWait)
        #expect(step(ring, at: 21, sees: reading(ring, at: 21, serves: [new])) == .activate(new.keyID))
        #expect(step(ring, at: 60, sees: reading(ring, at: 21, serves: [new])).isWait)
    }

    @Test("After a revocation the successor signs once it is public, whatever this process has published itself")
    func revocationPublishedElsewhere() throws {
        let ring = try #require(try prepared().revoking(old.keyID, at: at(20)))
        #expect(
            step(ring, at: 21, sees: reading(ring, at: 21, serves: [new], isSettled: false)) == .activate(new.keyID))
        let undescribed = reading(ring, at: 21, serves: [new], isSettled: false, isDescribed: false)
        #expect(step(ring, at: 21, sees: undescribed).isWait)
        // With an active key the documents must be published by this process, and no cache may have older ones.
        let usual = try prepared()
        #expect(step(usual, at: 21, sees: reading(usual, at: 21, serves: [old, new], isSettled: false)).isWait)
    }

    @Test("A successor that is revoked too has a successor, which signs once it is public")
    func successorRevoked() throws {
        let ring = try #require(try prepared().revoking(old.keyID, at: at(20))?.revoking(new.keyID, at: at(21)))
        #expect(step(ring, at: 22) == .addKey(.revoked) && ring.publisherKey == nil)
        let last = try SigningKey.generate(.es256)
        let after = ring.adding(last, certificate: try ExampleEndpoint.certificate(), at: at(22), policy: policy)
        #expect(after.publisherKey?.keyID == last.keyID)
        #expect(step(after, at: 23, sees: reading(after, at: 23, serves: [last])) == .activate(last.keyID))
    }

    @Test("The numbers of keys and of revoked key IDs are limited")
    func bounds() throws {
        var ring = try ExampleEndpoint.ring(old)
        let certificate = try ExampleEndpoint.certificate()
        var time = 0.0
        var long = policy
        long.timeToLive = 86_400
        while ring.keys.count < RotationPolicy.maximumKeys {
            let key = try SigningKey.generate(.es256)
            time += 1
            ring = ring.adding(key, certificate: certificate, at: at(time), policy: long)
            ring = try #require(ring.applying(.activate(key.keyID), at: at(time), policy: long))
        }
        #expect(step(ring, at: 40 * 86_400, policy: long).isRemoval)
        var due = long
        due.every = 0
        guard case .wait(.capacity, _) = step(ring, at: time, policy: due) else {
            Issue.record("a key was added to a full ring")
            return
        }
        for _ in 0..<30 {
            let kid = try #require(ring.keys.first?.keyID)
            ring = try #require(ring.revoking(kid, at: now))
        }
        #expect(ring.revoked.count == 20)
    }

    @Test("A restored ring has a new revision, and a step that changes nothing has none")
    func restored() throws {
        let ring = try prepared()
        #expect(ring.restored.revision == ring.revision + 1 && ring.restored.keys.count == 2)
        #expect(ring.applying(.wait(.age, until: nil), at: now, policy: policy) == nil)
        #expect(ring.applying(.addKey(.age), at: now, policy: policy) == nil)
        #expect(ring.revoking(KeyID(rawValue: "nobody"), at: now) == nil)
    }
}

extension RotationStep {
    fileprivate var isWait: Bool { if case .wait = self { true } else { false } }
    fileprivate var isRemoval: Bool { if case .remove = self { true } else { false } }
}
