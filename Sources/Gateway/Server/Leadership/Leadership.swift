import GatewayCore
import Synchronization

/// Whether this replica is the one that rotates and publishes. What it does is compare-and-swap nevertheless: this spares
/// work, and keeps nothing safe by itself.
final class Leadership: Sendable {
    private struct State {
        /// Monotonic seconds up to which it was won; nil where it was not.
        var end: Double?
        var told = false
        var watchers: [Int: AsyncStream<Bool>.Continuation] = [:]
        var lastWatcher = 0
    }

    private let monotonic: @Sendable () -> Double
    private let clock: ClockComparison?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - monotonic: seconds since some moment, counting while the process or the machine was stopped.
    ///   - clock: a replica whose clock is wrong does not lead; nil where that is not compared.
    init(monotonic: @escaping @Sendable () -> Double, clock: ClockComparison? = nil) {
        self.monotonic = monotonic
        self.clock = clock
    }

    /// Whether this replica can lead: its clock is not known to be wrong.
    var canLead: Bool { clock?.result.map(\.agrees) ?? true }

    /// Asks the clock, so that a process which was stopped for a minute does not wake as the leader that it was.
    var isLeading: Bool { canLead && state.withLock { $0.end.map { monotonic() < $0 } ?? false } }

    /// Whether it leads: the present state first, then each change; of several that nobody has waited for the last.
    ///
    /// That time alone has ended it is told when the election notices, which ``isLeading`` does not wait for.
    func changes() -> AsyncStream<Bool> {
        let (stream, continuation) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.lastWatcher += 1
            state.watchers[state.lastWatcher] = continuation
            continuation.yield(state.told)
            return state.lastWatcher
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.watchers.removeValue(forKey: id) }
        }
        return stream
    }

    /// Leads up to that moment, unless it is told again.
    ///
    /// - Returns: whether it did not before.
    @discardableResult
    func lead(until end: Double) -> Bool { set(end) }

    /// Leads no more.
    ///
    /// - Returns: whether it did before.
    @discardableResult
    func stepDown() -> Bool { set(nil) }

    /// When leading ends if it is not renewed; nil where it does not lead.
    var end: Double? { state.withLock { $0.end } }

    /// Told within the lock, so that two who change it at once are told in the same order.
    private func set(_ end: Double?) -> Bool {
        state.withLock { state in
            state.end = end
            guard state.told != (end != nil) else { return false }
            state.told.toggle()
            for watcher in state.watchers.values { watcher.yield(state.told) }
            return true
        }
    }
}
