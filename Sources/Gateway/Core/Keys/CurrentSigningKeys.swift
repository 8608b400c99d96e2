package import FoundationEssentials
import Synchronization

/// The snapshot in force.
package final class CurrentSigningKeys: Sendable {
    private struct State {
        var snapshot: SigningKeySnapshot
        /// Until when it may sign; nil for always.
        var confirmedUntil: Date?
    }

    private let current: Mutex<State>
    private let signal = ChangeSignal()

    package init(_ snapshot: SigningKeySnapshot) { current = Mutex(State(snapshot: snapshot)) }

    package var snapshot: SigningKeySnapshot { current.withLock { $0.snapshot } }

    /// The snapshot, without a key that signs where the store has not confirmed it for too long: another replica may
    /// have revoked it, or taken it out of the key set.
    package func snapshot(at now: Date) -> SigningKeySnapshot {
        let (snapshot, end) = current.withLock { ($0.snapshot, $0.confirmedUntil) }
        guard let end, now >= end, snapshot.active != nil else { return snapshot }
        return snapshot.suspended(
            because: .unavailable(
                "it has not confirmed the key ring for too long, so nothing signs; see why it is away"))
    }

    package func replace(with snapshot: SigningKeySnapshot) {
        current.withLock { $0.snapshot = snapshot }
        signal.send()
    }

    /// Lets it sign until then; nil for always.
    package func confirm(until end: Date?) { current.withLock { $0.confirmedUntil = end } }

    /// Until when it may sign; nil for always.
    package var confirmedUntil: Date? { current.withLock { $0.confirmedUntil } }

    /// An element for replacements since this call; several that nobody has waited for are one.
    package func changes() -> AsyncStream<Void> { signal.changes() }
}
