import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("A key ring that was written by a clock that was ahead")
struct KeyRingClockTests {
    private let now = ExampleEndpoint.now
    private let policy: RotationPolicy
    private let old = TestKeys.ec
    private let new: SigningKey
    private let right = ClockReading(ahead: 0.5)

    init() throws {
        policy = try ExampleEndpoint.configuration([
            .init("token", ["algorithm": "ES256"]), .init("rotation", ["every": "30d", "propagation": "2h"]),
        ]).rotationPolicy
        new = try SigningKey.generate(.es256)
    }

    private func at(_ seconds: Double) -> Date { now.addingTimeInterval(seconds) }

    /// A ring whose successor was published by a clock that was so far ahead.
    private func ring(ahead: Double) throws -> KeyRing {
        let ring = try ExampleEndpoint.ring(old)
            .adding(new, certificate: try ExampleEndpoint.certificate(), at: at(ahead), policy: policy)
        return try #require(
            ring.applying(.markPublished(new.keyID, at: at(ahead)), at: at(ahead), policy: policy))
    }

    private func repaired(_ ring: KeyRing) -> KeyRing? {
        if case .repair(let ring, _) = ring.timeStep(at: now, clock: right) { ring } else { nil }
    }

    @Test("A successor that was published in the future is prepared again, and its wait begins again")
    func published() throws {
        let ring = try ring(ahead: 61 * 86_400)
        let repaired = try #require(self.repaired(ring))
        let successor = try #require(repaired.successor)
        #expect(successor.state == .prepared && successor.published == nil && successor.created == now)
        #expect(repaired.revision == ring.revision + 1 && repaired.active?.keyID == old.keyID)
        #expect(repaired.futureTimes(at: now).isEmpty)
        let kids = Set(repaired.keys.map(\.keyID))
        let reading = PublicEvidence(read: at(10), served: kids, expected: kids, isSettled: true)
        #expect(
            repaired.nextStep(at: at(10), policy: policy, evidence: reading) == .markPublished(new.keyID, at: at(10)))
    }

    @Test("Activated, retired and revoked in the future become now")
    func otherTimes() throws {
        let ahead = at(2 * 86_400)
        var ring = try #require(try ring(ahead: 0).applying(.activate(new.keyID), at: ahead, policy: policy))
        ring = try #require(ring.revoking(old.keyID, at: ahead))
        let repaired = try #require(self.repaired(ring))
        #expect(repaired.active?.activated == now && repaired.active?.published == now)
        #expect(repaired.revoked.map(\.revoked) == [now])
        let retiring = try #require(try self.ring(ahead: 0).applying(.activate(new.keyID), at: ahead, policy: policy))
        #expect(self.repaired(retiring)?[old.keyID]?.retired == now)
    }

    @Test("Up to 60 seconds are no reason to write", arguments: [0.0, 59])
    func tolerance(ahead: Double) throws {
        guard case .none = try ring(ahead: ahead).timeStep(at: now, clock: right) else {
            Issue.record("the ring is repaired")
            return
        }
    }

    @Test("A replica whose clock is wrong, or could not be compared, repairs nothing")
    func wrongClock() throws {
        let ring = try ring(ahead: 3 * 3_600)
        for ahead in [-3.0 * 3_600, -61, 61, 86_400] {
            guard case .standStill = ring.timeStep(at: now, clock: ClockReading(ahead: ahead)) else {
                Issue.record("a clock that is \(ahead) s ahead is trusted")
                continue
            }
        }
        guard case .report = ring.timeStep(at: now, clock: nil) else {
            Issue.record("a clock that was not compared is trusted")
            return
        }
        guard case .none = try self.ring(ahead: 0).timeStep(at: now, clock: nil) else {
            Issue.record("a ring without a time in the future is not advanced")
            return
        }
    }

    @Test("A reading of before the clock was set back is not evidence")
    func futureReading() throws {
        let ring = try ring(ahead: -3 * 3_600)
        let kids = Set(ring.keys.map(\.keyID))
        let reading = PublicEvidence(read: at(86_400), served: kids, expected: kids, isSettled: true)
        #expect(
            ring.nextStep(at: now, policy: policy, evidence: reading) == .wait(.finalReading(new.keyID), until: nil))
    }
}
