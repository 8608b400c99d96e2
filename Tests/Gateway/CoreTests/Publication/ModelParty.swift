import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import JSON
import Synchronization

/// The relying party of the model: no conditional write, slow and failing calls, writes that arrive late, and verifiers
/// that follow up to ``KeyHandOverModel/delay`` later.
final class Party: KeyRecipient {
    private struct State {
        var random: SeededRandom
        /// What was stored, and since when; the last one is current.
        var history: [(keys: JSONWebKeySet, usable: Set<KeyID>, since: Date)] = []
        /// Writes of suspended processes.
        var late: [(keys: JSONWebKeySet, due: Date)] = []
        var keys: [KeyID: SigningKey] = [:]
        var isCalm = false
    }

    let location = "party"
    private let clock: ManualClock
    private let canStoreGarbage: Bool
    private let state: Mutex<State>

    init(clock: ManualClock, canStoreGarbage: Bool, seed: UInt64) {
        self.clock = clock
        self.canStoreGarbage = canStoreGarbage
        state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    var isCalm: Bool {
        get { state.withLock { $0.isCalm } }
        set {
            state.withLock { state in
                state.isCalm = newValue
                // What could not be used can be used at last.
                if let last = state.history.last {
                    state.history.append((last.keys, Set(last.keys.keys.map(\.keyID)), clock.now))
                }
            }
        }
    }

    var held: Set<KeyID> { state.withLock { Set($0.history.last?.keys.keys.map(\.keyID) ?? []) } }

    func learn(_ key: SigningKey) { state.withLock { $0.keys[key.keyID] = key } }

    func trialToken(_ keyID: KeyID) -> String? {
        state.withLock { $0.keys[keyID] }.flatMap { try? SignedJWT.sign(["sub": "trial"], with: $0) }
    }

    /// Whether each verifier has the key: every set that some verifier may still have contains it.
    func verifies(_ keyID: KeyID) -> Bool {
        state.withLock { state in
            let oldest = clock.now.addingTimeInterval(-KeyHandOverModel.delay)
            let replaced = state.history.indices.dropFirst().filter { state.history[$0].since > oldest }
            let visible = [state.history.count - 1] + replaced.map { $0 - 1 }
            return visible.allSatisfy { $0 >= 0 && state.history[$0].usable.contains(keyID) }
        }
    }

    /// Advances the clock; late writes arrive at their times.
    func advance(to clock: ManualClock, by seconds: Double) {
        let end = clock.now.addingTimeInterval(seconds)
        while let write = state.withLock({ $0.late.min { $0.due < $1.due } }), write.due <= end {
            clock.advance(by: max(0, write.due.timeIntervalSince(clock.now)))
            state.withLock { state in
                state.late.removeAll { $0.due == write.due }
                store(write.keys, in: &state)
            }
        }
        clock.advance(by: end.timeIntervalSince(clock.now))
    }

    private func store(_ keys: JSONWebKeySet, in state: inout State) {
        var usable = Set(keys.keys.map(\.keyID))
        // Stored and read back, but not usable, such as with a member that the party does not understand.
        if canStoreGarbage, !state.isCalm, state.random.oneIn(4), let last = keys.keys.last {
            usable.remove(last.keyID)
            usable.formUnion(state.history.last?.usable.intersection(Set(keys.keys.map(\.keyID))) ?? [])
        }
        state.history.append((keys, usable, clock.now))
        if state.history.count > 50 { state.history.removeFirst(10) }
    }

    func stored() async throws(PublishError) -> StoredKeySet? {
        try fail()
        return state.withLock { state in
            state.history.last.map { StoredKeySet(keys: $0.keys, version: "") }
        }
    }

    func replace(_ stored: StoredKeySet?, with keys: JSONWebKeySet) async throws(PublishError) {
        try fail()
        let isLate = state.withLock { state in
            guard !state.isCalm, state.random.oneIn(8) else {
                store(keys, in: &state)
                return false
            }
            // Suspended for less than a lease period after the renewal; then the next leader has read once.
            let pause = Double(Int.random(in: 1...14, using: &state.random))
            state.late.append((keys, clock.now.addingTimeInterval(pause)))
            return true
        }
        if isLate { throw PublishError(.unavailable, "no answer in time") }
    }

    func accepts(_ token: String) async throws(PublishError) -> Bool {
        try fail()
        return state.withLock { state in
            guard let last = state.history.last, let jwt = try? SignedJWT(parsing: token) else { return false }
            let usable = JSONWebKeySet(keys: last.keys.keys.filter { last.usable.contains($0.keyID) })
            return (try? jwt.verify(with: usable)) != nil
        }
    }

    private func fail() throws(PublishError) {
        if state.withLock({ !$0.isCalm && $0.random.oneIn(12) }) { throw PublishError(.unavailable, "away") }
    }
}
