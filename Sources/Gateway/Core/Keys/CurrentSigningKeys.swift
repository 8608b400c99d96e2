import Synchronization

/// The snapshot in force of an endpoint's signing keys.
package final class CurrentSigningKeys: Sendable {
    private struct State {
        var snapshot: SigningKeySnapshot
        /// The monotonic seconds at which the snapshot's permission to sign ends; nil for no end.
        var confirmedUntil: Double?
    }

    private let current: Mutex<State>
    private let signal = ChangeSignal()

    private let monotonic: @Sendable () -> Double

    /// - Parameter monotonic: seconds of a clock that is never set and that counts suspension: neither a clock that is
    ///   set back nor a suspended machine lets an unconfirmed ring sign for longer. nil where no store confirms the ring.
    package init(_ snapshot: SigningKeySnapshot, monotonic: (@Sendable () -> Double)? = nil) {
        current = Mutex(State(snapshot: snapshot))
        self.monotonic = monotonic ?? { 0 }
    }

    package var snapshot: SigningKeySnapshot { current.withLock { $0.snapshot } }

    /// The snapshot in force. It has no active key where its confirmation has expired, since another replica may have
    /// revoked the key or removed it from the key set.
    package var confirmedSnapshot: SigningKeySnapshot {
        let (snapshot, end) = current.withLock { ($0.snapshot, $0.confirmedUntil) }
        guard let end, monotonic() >= end, snapshot.publisherKey != nil else { return snapshot }
        return snapshot.suspended(
            because: .unavailable(
                "the key ring was not confirmed in time, so no key signs; check the connection to the store"))
    }

    /// Puts another snapshot in force.
    package func replace(with snapshot: SigningKeySnapshot) {
        current.withLock { $0.snapshot = snapshot }
        signal.send()
    }

    /// Permits signing until that time, in monotonic seconds; nil for no end.
    package func confirm(until end: Double?) { current.withLock { $0.confirmedUntil = end } }

    /// The monotonic seconds at which the permission to sign ends; nil for no end.
    package var confirmedUntil: Double? { current.withLock { $0.confirmedUntil } }

    /// Calls `notify` at each replacement after this call, until the returned value is released.
    package func observe(_ notify: @escaping @Sendable () -> Void) -> ChangeSignal.Observation {
        signal.observe(notify)
    }
}
