import FoundationEssentials
import Kubernetes
import KubernetesAPI
import Testing

@Suite("The state of a Lease")
struct LeaseCandidacyTests {
    private let now = Date(timeIntervalSince1970: 1_778_251_200)
    private let text = "2026-05-08T14:40:00.000000Z"

    private func candidate(_ identity: String = "a") -> LeaseCandidacy {
        LeaseCandidacy(identity: identity, timing: LeaseCandidacy.Timing())
    }

    private func record(_ holder: String, renewed: String = "1", duration: Int? = 15) -> Lease.Record {
        Lease.Record(holder: holder, duration: duration, acquired: "0", renewed: renewed, transitions: 3)
    }

    @Test("A missing Lease, or one without a holder, may be taken immediately")
    func free() {
        var candidate = candidate()
        candidate.observe(nil, at: 5)
        #expect(
            candidate.claim(at: 5, now: now)
                == Lease.Record(holder: "a", duration: 15, acquired: text, renewed: text, transitions: 0))
        candidate.observe(record("", duration: 1), at: 5)
        #expect(candidate.holder == nil)
        #expect(candidate.claim(at: 5, now: now)?.transitions == 4)
        #expect(candidate.release(now: now) == nil)
    }

    @Test("The Lease of another holder is valid for its duration after its last observed change")
    func heldByAnother() {
        var candidate = candidate()
        candidate.observe(record("b", renewed: "1970-01-01T00:00:00.000000Z"), at: 100)
        #expect(candidate.holder == "b")
        #expect(candidate.claim(at: 114.9, now: now) == nil)
        // The same record, observed again, is not a renewal.
        candidate.observe(record("b", renewed: "1970-01-01T00:00:00.000000Z"), at: 110)
        #expect(candidate.claim(at: 115, now: now)?.holder == "a")
        candidate.observe(record("b", renewed: "2"), at: 114)
        #expect(candidate.claim(at: 128.9, now: now) == nil)
        // The record's duration applies; without one the candidate's.
        candidate.observe(record("b", renewed: "3", duration: 60), at: 130)
        #expect(candidate.claim(at: 189.9, now: now) == nil)
        candidate.observe(record("b", renewed: "4", duration: nil), at: 200)
        #expect(candidate.claim(at: 214.9, now: now) == nil)
        #expect(candidate.claim(at: 215, now: now)?.transitions == 4)
    }

    @Test("A renewal preserves the time of acquisition and the number of transitions")
    func renewal() {
        var candidate = candidate()
        candidate.observe(record("a"), at: 1)
        #expect(
            candidate.claim(at: 100, now: now)
                == Lease.Record(holder: "a", duration: 15, acquired: "0", renewed: text, transitions: 3))
        #expect(
            candidate.release(now: now)
                == Lease.Record(holder: "", duration: 1, acquired: text, renewed: text, transitions: 3))
    }

    @Test("A deleted Lease is valid for the others for its duration, and its holder recreates it immediately")
    func deleted() throws {
        var candidate = candidate()
        candidate.observe(record("b"), at: 100)
        for time in stride(from: 101.0, through: 113, by: 6) { candidate.observe(nil, at: time) }
        #expect(candidate.claim(at: 115.9, now: now) == nil)
        #expect(candidate.claim(at: 116, now: now)?.transitions == 0)
        candidate.observe(record("b", renewed: "2"), at: 117)
        #expect(candidate.claim(at: 131.9, now: now) == nil)
        candidate.observe(nil, at: 132)
        // The Lease was not observed for too long.
        candidate.observe(nil, at: 146)
        #expect(candidate.claim(at: 160.9, now: now) == nil)

        var holder = self.candidate("b")
        holder.observe(nil, at: 100)
        let claim = try #require(holder.claim(at: 100, now: now))
        holder.wrote(claim, sent: 100)
        holder.observe(nil, at: 102)
        #expect(holder.claim(at: 109.9, now: now)?.holder == "b")
        // A holder that was suspended has no more information than the others.
        #expect(holder.claim(at: 110, now: now) == nil)
        #expect(holder.claim(at: 117, now: now)?.holder == "b")
    }

    @Test("A number of transitions that is not an int32 restarts", arguments: [Int.max, Int(Int32.max), -1, .min])
    func transitions(number: Int) {
        var candidate = candidate()
        candidate.observe(
            Lease.Record(holder: "", duration: 1, acquired: nil, renewed: "1", transitions: number), at: 5)
        #expect(candidate.claim(at: 5, now: now)?.transitions == 1)
    }

    @Test(
        "Times are written with microseconds",
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (1_778_251_200.25, "2026-05-08T14:40:00.250000Z"),
            (1_778_251_200.000_001, "2026-05-08T14:40:00.000001Z"), (-0.5, "1969-12-31T23:59:59.500000Z"),
        ] as [(Double, String)])
    func microTime(_ seconds: Double, _ text: String) {
        #expect(MicroTime.text(Date(timeIntervalSince1970: seconds)) == text)
    }
}
