import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import Kubernetes
import KubernetesAPI
import Synchronization
import Testing

@testable import GatewayServer

/// Candidates and a Lease in a model of time: each attempt reads, and later writes; responses are late or lost,
/// candidates are suspended, the Lease is deleted. The leadership of each is the real ``Leadership``.
@Suite("Leader elections in a model")
struct ElectionModelTests {
    private struct Stored {
        var record: Lease.Record
        var version: Int
    }

    private final class Clock: Sendable {
        private let time = Mutex(0.0)
        var now: Double { time.withLock { $0 } }
        func set(_ value: Double) { time.withLock { $0 = value } }
    }

    private struct Candidate {
        var candidacy: LeaseCandidacy
        let leadership: Leadership
        /// The next step of the candidate, and its time.
        var due: Double
        var step = Step.read

        enum Step {
            case read
            /// The candidate receives the record as of the read.
            case hear(Stored?, asked: Double)
            /// The store receives the claim.
            case write(Lease.Record, replacing: Int?, sent: Double)
            /// The candidate receives the response.
            case conclude(Lease.Record?, sent: Double)
        }
    }

    @Test("None of thousands of histories has two leaders at once, and each has one after the faults")
    func safety() async {
        for seed in UInt64(1)...2000 {
            await Task.yield()
            if let breach = history(seed: seed) {
                Issue.record("seed \(seed): \(breach)")
                return
            }
        }
    }

    private func history(seed: UInt64) -> String? {
        var random = SeededRandom(seed: seed)
        func roll(_ range: Range<Double>) -> Double { Double.random(in: range, using: &random) }
        let clock = Clock()
        let timing = LeaseCandidacy.Timing()
        var store: Stored?
        var versions = 0
        // Not before every candidate has observed the Lease: a new candidate does not know an earlier one.
        var deletion = roll(10..<60)
        var candidates = (0..<3).map { index in
            Candidate(
                candidacy: LeaseCandidacy(identity: "c\(index)", timing: timing),
                leadership: Leadership { clock.now }, due: roll(0..<2))
        }
        // Faults for two minutes, then none for one.
        while clock.now < 180 {
            guard let index = candidates.indices.min(by: { candidates[$0].due < candidates[$1].due }) else { break }
            clock.set(max(clock.now, candidates[index].due))
            let isCalm = clock.now > 120
            if !isCalm, clock.now > deletion, candidates.allSatisfy({ $0.candidacy.holder != nil }) {
                store = nil
                deletion = clock.now + roll(45..<90)
            }
            var delay = isCalm ? roll(0..<0.1) : roll(0..<1)
            // The process is suspended at any step.
            if !isCalm, roll(0..<1) < 0.05 { delay += roll(0..<40) }
            let isLost = !isCalm && roll(0..<1) < 0.1
            var candidate = candidates[index]
            switch candidate.step {
            case .read:
                candidate.step = isLost ? .read : .hear(store, asked: clock.now)
                if isLost { delay += 2 }
            case .hear(_, let asked) where clock.now - asked > timing.attemptTimeout: candidate.step = .read
            case .hear(let stored, _):
                candidate.candidacy.observe(stored?.record, at: clock.now)
                let date = Date(timeIntervalSince1970: clock.now)
                if let record = candidate.candidacy.claim(at: clock.now, now: date) {
                    candidate.step = .write(record, replacing: stored?.version, sent: clock.now)
                } else {
                    candidate.leadership.stepDown()
                    candidate.step = .read
                    delay += 2
                }
            case .write(let record, let expected, let sent):
                var written: Lease.Record?
                if store?.version == expected {
                    versions += 1
                    store = Stored(record: record, version: versions)
                    written = record
                }
                candidate.step = .conclude(isLost ? nil : written, sent: sent)
            case .conclude(let written, let sent):
                if let written {
                    candidate.candidacy.wrote(written, sent: sent)
                    candidate.leadership.lead(until: sent + timing.renewDeadline)
                }
                candidate.step = .read
                delay += 2
            }
            candidate.due = clock.now + delay
            candidates[index] = candidate
            let leaders = candidates.count { $0.leadership.isLeading }
            if leaders > 1 { return "\(leaders) leaders at \(clock.now)" }
        }
        return candidates.count { $0.leadership.isLeading } == 1 ? nil : "no leader in the end"
    }
}
