import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("The standby key of a ring that hands over its keys with its own token")
struct KeyRingStandbyTests {
    private let now = ExampleEndpoint.now
    private let policy: RotationPolicy
    private let old = TestKeys.ec
    private let standby: SigningKey

    init() throws {
        var policy = try ExampleEndpoint.configuration([.init("token", ["algorithm": "ES256"])]).rotationPolicy
        policy.hasStandby = true
        policy.propagation = 60
        self.policy = policy
        standby = try SigningKey.generate(.es256)
    }

    private func at(_ seconds: Double) -> Date { now.addingTimeInterval(seconds) }

    private func prepared() throws -> KeyRing {
        try ExampleEndpoint.ring(old).adding(
            standby, certificate: try ExampleEndpoint.certificate(), at: now, policy: policy, isStandby: true)
    }

    private func published() throws -> KeyRing {
        try #require(
            try prepared().applying(.markPublished(standby.keyID, at: at(20)), at: at(20), policy: policy))
    }

    private func held(_ ring: KeyRing, at seconds: Double) -> PublicEvidence {
        let kids = Set(ring.keys.map(\.keyID))
        return PublicEvidence(read: at(seconds), served: kids, expected: kids, isSettled: true)
    }

    @Test("A ring without a successor gets a standby key, once")
    func creation() throws {
        let ring = try ExampleEndpoint.ring(old)
        #expect(ring.nextStep(at: now, policy: policy, evidence: nil) == .addKey(.standby))
        let prepared = try prepared()
        #expect(prepared.successor?.isStandby == true && prepared.active?.keyID == old.keyID)
        #expect(
            prepared.nextStep(at: at(20), policy: policy, evidence: held(prepared, at: 20))
                == .markPublished(standby.keyID, at: at(20)))
    }

    @Test("A published standby key waits for the rotation, however long its propagation is over")
    func waiting() throws {
        let ring = try published()
        let active = try #require(ring.active)
        let due = policy.due(active)
        #expect(
            ring.nextStep(at: at(86_400), policy: policy, evidence: held(ring, at: 86_400))
                == .wait(.age, until: due))
        #expect(ring.readingDue(policy) == nil)
        let late = due.timeIntervalSince(now) + 1
        #expect(
            ring.nextStep(at: at(late), policy: policy, evidence: held(ring, at: late)) == .useStandby(standby.keyID))
        let used = try #require(ring.applying(.useStandby(standby.keyID), at: at(late), policy: policy))
        #expect(
            used.nextStep(at: at(late), policy: policy, evidence: held(used, at: late)) == .activate(standby.keyID))
        let active2 = try #require(used.applying(.activate(standby.keyID), at: at(late), policy: policy))
        #expect(active2.active?.isStandby == false)
        #expect(active2.nextStep(at: at(late), policy: policy, evidence: nil) == .addKey(.standby))
    }

    @Test("A relying party that loses the standby key gets it again, and the wait begins again")
    func lost() throws {
        let ring = try published()
        let evidence = PublicEvidence(
            read: at(100), served: [old.keyID], expected: Set(ring.keys.map(\.keyID)), isSettled: false)
        #expect(ring.nextStep(at: at(100), policy: policy, evidence: evidence) == .markAbsent(standby.keyID))
    }

    @Test("A revocation activates the standby key that the party holds; it signs the publisher's token")
    func revocation() throws {
        let revoked = try #require(try published().revoking(old.keyID, at: at(100)))
        #expect(revoked.active?.keyID == standby.keyID && revoked.publisherKey?.keyID == standby.keyID)
        #expect(revoked.active?.isStandby == false && revoked.active?.activated == at(100))
        #expect(revoked.nextStep(at: at(100), policy: policy, evidence: nil) == .addKey(.standby))
        // Also where the leader ends after the write of the ring: what the document contains is sufficient.
        let read = try KeyRingDocument.decode(try KeyRingDocument.encode(revoked), endpoint: "one")
        #expect(read.active?.keyID == standby.keyID)
    }

    @Test("A standby key that the party does not hold yet does not sign after a revocation")
    func early() throws {
        let revoked = try #require(try prepared().revoking(old.keyID, at: at(10)))
        #expect(revoked.active == nil && revoked.successor?.keyID == standby.keyID)
        #expect(revoked.nextStep(at: at(10), policy: policy, evidence: nil) == .useStandby(standby.keyID))
        let used = try #require(revoked.applying(.useStandby(standby.keyID), at: at(10), policy: policy))
        #expect(
            used.nextStep(at: at(30), policy: policy, evidence: held(used, at: 30)) == .activate(standby.keyID))
    }

    @Test("The revocation of a standby key leaves the active key, and another standby key is created")
    func revokedStandby() throws {
        let revoked = try #require(try published().revoking(standby.keyID, at: at(100)))
        #expect(revoked.active?.keyID == old.keyID)
        #expect(revoked.nextStep(at: at(100), policy: policy, evidence: nil) == .addKey(.standby))
    }

    @Test("Another next key replaces the standby key; the stored ring is one that an earlier release reads")
    func replacement() throws {
        let imported = try SigningKey.generate(.es256)
        let ring = try published().adding(
            imported, certificate: try ExampleEndpoint.certificate(), at: at(100), policy: policy)
        #expect(ring.keys.map(\.keyID) == [old.keyID, imported.keyID])
        _ = try KeyRingDocument.decode(try KeyRingDocument.encode(ring), endpoint: "one")
    }

    @Test("The document remembers the standby mark and the keys that were handed over, at most 100")
    func document() throws {
        let ring = try #require(
            try published().recording(nil, location: "party", invalidated: nil, handedOver: [old.keyID]))
        let read = try KeyRingDocument.decode(try KeyRingDocument.encode(ring), endpoint: "one")
        #expect(read.successor?.isStandby == true)
        #expect(read.handedOver == ring.handedOver && read.knownKeyIDs.isSuperset(of: [old.keyID, standby.keyID]))
        var grown = read
        var first: [KeyID] = []
        for index in 0..<120 {
            let key = try SigningKey.generate(.es256)
            first.append(key.keyID)
            grown = grown.adding(
                key, certificate: try ExampleEndpoint.certificate(), at: at(Double(index)), policy: policy,
                isStandby: true)
        }
        #expect(grown.handedOver.count == 100)
        // What has left the ring last is remembered, what has left it first is not.
        #expect(grown.knownKeyIDs.isSuperset(of: first.suffix(90)) && !grown.knownKeyIDs.contains(first[0]))
    }

    @Test("Without a hand-over the stored ring has neither member")
    func unchangedDocument() throws {
        let text = String(decoding: try KeyRingDocument.encode(try ExampleEndpoint.ring(old)), as: UTF8.self)
        #expect(!text.contains("handedOver") && !text.contains("standby"))
    }
}
