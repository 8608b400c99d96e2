package import FoundationEssentials
import Synchronization

/// The snapshot in force of an endpoint's signing keys.
package final class CurrentSigningKeys: Sendable {
    private struct State {
        var snapshot: SigningKeySnapshot
        /// When the snapshot's permission to sign ends; nil for no end.
        var confirmedUntil: Date?
    }

    private let current: Mutex<State>
    private let signal = ChangeSignal()

    package init(_ snapshot: SigningKeySnapshot) { current = Mutex(State(snapshot: snapshot)) }

    package var snapshot: SigningKeySnapshot { current.withLock { $0.snapshot } }

    /// The snapshot in force. It has no active key where its confirmation has expired, since another replica may have
    /// revoked the key or removed it from the key set.
    package func snapshot(at now: Date) -> SigningKeySnapshot {
        let (snapshot, end) = current.withLock { ($0.snapshot, $0.confirmedUntil) }
        guard let end, now >= end, snapshot.publisherKey != nil else { return snapshot }
        return snapshot.suspended(
            because: .unavailable(
                "the key ring was not confirmed in time, so no key signs; check the connection to the store"))
    }

    /// Puts another snapshot in force.
    package func replace(with snapshot: SigningKeySnapshot) {
        current.withLock { $0.snapshot = snapshot }
        signal.send()
    }

    /// Permits signing until that time; nil for no end.
    package func confirm(until end: Date?) { current.withLock { $0.confirmedUntil = end } }

    /// When the permission to sign ends; nil for no end.
    package var confirmedUntil: Date? { current.withLock { $0.confirmedUntil } }

    /// A stream with an element for each replacement after this call. Replacements that are not consumed are merged.
    package func changes() -> AsyncStream<Void> { signal.changes() }
}
