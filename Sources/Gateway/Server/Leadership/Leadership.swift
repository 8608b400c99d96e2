import GatewayCore
import Synchronization

/// The leadership of this replica: only the leader rotates and publishes. All writes are compare-and-swap, so that
/// safety does not depend on the leadership.
final class Leadership: Sendable {
    private struct State {
        /// The end of the leadership in monotonic seconds; nil where this replica does not lead.
        var end: Double?
        /// The state that was reported to the watchers last.
        var reported = false
        var watchers: [Int: AsyncStream<Bool>.Continuation] = [:]
        var lastWatcher = 0
    }

    /// Sent with each renewal, and when the leadership ends.
    private let renewals = ChangeSignal()
    private let monotonic: @Sendable () -> Double
    private let clock: ClockComparison?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - monotonic: seconds since an arbitrary time, of a clock that advances while the process or the machine is
    ///     suspended.
    ///   - clock: a replica whose clock is wrong does not lead; nil where clocks are not compared.
    init(monotonic: @escaping @Sendable () -> Double, clock: ClockComparison? = nil) {
        self.monotonic = monotonic
        self.clock = clock
    }

    /// Whether this replica can lead: its clock is not known to be wrong.
    var canLead: Bool { clock?.result.map(\.agrees) ?? true }

    /// Whether this replica is the leader now, by the clock: a process that resumes after its leadership has expired is
    /// not.
    var isLeading: Bool { canLead && state.withLock { $0.end.map { monotonic() < $0 } ?? false } }

    /// Yields whether this replica leads: the current state, then each change. Of several pending changes only the last
    /// is delivered.
    ///
    /// An expiration is reported when the election detects it; ``isLeading`` does not wait for that.
    func changes() -> AsyncStream<Bool> {
        let (stream, continuation) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.lastWatcher += 1
            state.watchers[state.lastWatcher] = continuation
            continuation.yield(state.reported)
            return state.lastWatcher
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.watchers.removeValue(forKey: id) }
        }
        return stream
    }

    /// Starts or extends the leadership up to that time.
    ///
    /// - Returns: whether this replica did not lead before.
    @discardableResult
    func lead(until end: Double) -> Bool { set(end) }

    /// Ends the leadership.
    ///
    /// - Returns: whether this replica did lead before.
    @discardableResult
    func stepDown() -> Bool { set(nil) }

    /// The end of the leadership if it is not renewed, in monotonic seconds; nil where this replica does not lead.
    var end: Double? { state.withLock { $0.end } }

    /// Waits for the next renewal of the leadership, right before a write that cannot be conditional. The election renews
    /// every few seconds; a lock needs no renewal.
    ///
    /// - Returns: whether this replica is the leader then.
    func renewed() async -> Bool {
        // Before the look, so that no renewal is missed.
        var renewals = renewals.changes().makeAsyncIterator()
        guard isLeading else { return false }
        if end == .infinity { return true }
        return await renewals.next() != nil && isLeading
    }

    /// Reports within the lock, so that concurrent changes are reported in order.
    private func set(_ end: Double?) -> Bool {
        defer { renewals.send() }
        return state.withLock { state in
            state.end = end
            guard state.reported != (end != nil) else { return false }
            state.reported.toggle()
            for watcher in state.watchers.values { watcher.yield(state.reported) }
            return true
        }
    }
}
