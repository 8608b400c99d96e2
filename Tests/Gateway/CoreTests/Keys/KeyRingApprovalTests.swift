import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("Keys that an operator activates")
struct KeyRingApprovalTests {
    private let now = ExampleEndpoint.now
    private let policy: RotationPolicy
    private let old = TestKeys.ec
    private let new: SigningKey

    init() throws {
        policy = try ExampleEndpoint.configuration([
            .init("token", ["algorithm": "ES256"]),
            .init("rotation", ["propagation": "2h", "activation": "manual"]),
        ]).rotationPolicy
        new = try SigningKey.generate(.es256)
    }

    private func at(_ seconds: Double) -> Date { now.addingTimeInterval(seconds) }

    private func reading(_ ring: KeyRing, at seconds: Double, serves kids: [SigningKey]) -> PublicEvidence {
        PublicEvidence(
            read: at(seconds), served: Set(kids.map(\.keyID)), expected: Set(ring.keys.map(\.keyID)), isSettled: true)
    }

    private func prepared() throws -> KeyRing {
        try ExampleEndpoint.ring(old)
            .adding(new, certificate: try ExampleEndpoint.certificate(), at: now, policy: policy)
    }

    /// The issuer URL serves the new key since 10 seconds after the start.
    private func published() throws -> KeyRing {
        try #require(try prepared().applying(.markPublished(new.keyID, at: at(10)), at: at(10), policy: policy))
    }

    @Test("A key that may sign waits for the approval, and then for one more reading")
    func waits() throws {
        let ring = try published()
        let late = reading(ring, at: 7_300, serves: [old, new])
        #expect(
            ring.nextStep(at: at(7_300), policy: policy, evidence: late)
                == .wait(.approval(new.keyID, since: at(7_210)), until: nil))
        let approved = try #require(ring.approving(at: at(7_300), policy: policy, evidence: late))
        #expect(approved.revision == ring.revision + 1 && approved.successor?.isApproved == true)
        let old = at(7_400)
        #expect(
            approved.nextStep(at: old, policy: policy, evidence: late) == .wait(.finalReading(new.keyID), until: nil))
        let fresh = reading(approved, at: 7_400, serves: [self.old, new])
        #expect(approved.nextStep(at: old, policy: policy, evidence: fresh) == .activate(new.keyID))
        let active = try #require(approved.applying(.activate(new.keyID), at: old, policy: policy))
        #expect(active.active?.keyID == new.keyID && active.active?.isApproved == false)
    }

    @Test("The gate is closed before the propagation is over, and says until when")
    func closed() throws {
        let ring = try published()
        let early = reading(ring, at: 7_000, serves: [old, new])
        #expect(
            ring.activationGate(at: at(7_000), policy: policy, evidence: early)
                == .closed(
                    new.keyID, .wait(.propagation(new.keyID, since: at(10)), until: at(7_210)), until: at(7_210)))
        #expect(ring.approving(at: at(7_000), policy: policy, evidence: early) == nil)
    }

    @Test("The gate is closed while the issuer URL cannot be read, or serves no such key")
    func unread() throws {
        let ring = try published()
        #expect(
            ring.activationGate(at: at(7_300), policy: policy, evidence: nil)
                == .closed(new.keyID, .wait(.finalReading(new.keyID), until: nil), until: nil))
        let without = reading(ring, at: 7_300, serves: [old])
        #expect(
            ring.activationGate(at: at(7_300), policy: policy, evidence: without)
                == .closed(new.keyID, .markAbsent(new.keyID), until: at(7_300 + 7_200)))
        let prepared = try prepared()
        let nothing = reading(prepared, at: 20, serves: [old])
        guard
            case .closed(_, .wait(.visibility, _), let until) = prepared.activationGate(
                at: at(20), policy: policy, evidence: nothing)
        else {
            Issue.record("the gate is open")
            return
        }
        #expect(until == at(20 + 7_200))
    }

    @Test("Without a next key, or with a standby key only, there is nothing to activate")
    func nothing() throws {
        let ring = try ExampleEndpoint.ring(old)
        #expect(ring.activationGate(at: now, policy: policy, evidence: nil) == .noSuccessor)
        let standby = ring.adding(
            new, certificate: try ExampleEndpoint.certificate(), at: now, policy: policy, isStandby: true)
        #expect(standby.activationGate(at: now, policy: policy, evidence: nil) == .noSuccessor)
    }

    @Test("An approval ends where the issuer URL loses the key")
    func lost() throws {
        let ring = try published()
        let late = reading(ring, at: 7_300, serves: [old, new])
        let approved = try #require(ring.approving(at: at(7_300), policy: policy, evidence: late))
        let absent = try #require(approved.applying(.markAbsent(new.keyID), at: at(7_310), policy: policy))
        #expect(absent.successor?.isApproved == false)
    }

    @Test("After a revocation the next key signs without an approval")
    func revocation() throws {
        let ring = try #require(try published().revoking(old.keyID, at: at(20)))
        let served = reading(ring, at: 30, serves: [new])
        #expect(ring.nextStep(at: at(30), policy: policy, evidence: served) == .activate(new.keyID))
    }

    @Test("The approval is stored")
    func stored() throws {
        let ring = try published()
        let late = reading(ring, at: 7_300, serves: [old, new])
        let approved = try #require(ring.approving(at: at(7_300), policy: policy, evidence: late))
        let read = try KeyRingDocument.decode(try KeyRingDocument.encode(approved), endpoint: "one")
        #expect(read.successor?.isApproved == true && read.active?.isApproved == false)
    }
}
