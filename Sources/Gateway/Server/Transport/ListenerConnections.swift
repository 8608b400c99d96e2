import Synchronization

/// The open connections of one listener, for all event loops.
final class ListenerConnections: Sendable {
    /// How a connection is ended; each may be called from any thread.
    struct Controls: Sendable {
        /// Ends it after what it has in progress.
        let end: @Sendable () -> Void
        /// Closes it at once.
        let abort: @Sendable () -> Void
    }

    private struct State {
        var table: ConnectionTable
        var controls: [ConnectionTable.ID: Controls] = [:]
        var lastID: ConnectionTable.ID = 0
        var isAborted = false
    }

    private let state: Mutex<State>
    private let onEviction: @Sendable (EvictionReason) -> Void
    /// Seconds.
    private let monotonic: @Sendable () -> Double

    /// - Parameters:
    ///   - limit: connections that may be open.
    ///   - patience: seconds for which a connection without a request is left alone.
    ///   - onEviction: counts connections that are closed to make room for others.
    init(
        limit: Int, patience: Double, onEviction: @escaping @Sendable (EvictionReason) -> Void,
        monotonic: @escaping @Sendable () -> Double
    ) {
        state = Mutex(State(table: ConnectionTable(limit: limit, patience: patience)))
        self.onEviction = onEviction
        self.monotonic = monotonic
    }

    var count: Int { state.withLock { $0.table.count } }

    /// Takes a new connection, and ends another one where the listener gets full.
    func open(from address: PeerAddress, _ controls: Controls) -> ConnectionTable.ID {
        let now = monotonic()
        let (id, eviction, ended, isAborted) = state.withLock { state in
            state.lastID += 1
            let id = state.lastID
            state.controls[id] = controls
            let eviction = state.table.open(id, from: address, at: now)
            return (id, eviction, eviction.flatMap { state.controls[$0.id] }, state.isAborted)
        }
        if let eviction { onEviction(eviction.reason) }
        ended?.end()
        if isAborted { controls.abort() }
        return id
    }

    func close(_ id: ConnectionTable.ID) {
        state.withLock { state in
            state.table.close(id)
            state.controls[id] = nil
        }
    }

    func set(_ id: ConnectionTable.ID, isWorking: Bool) {
        let now = monotonic()
        state.withLock { $0.table.set(id, isWorking: isWorking, at: now) }
    }

    /// Closes every connection, and those that come.
    func abortAll() {
        let controls = state.withLock { state in
            state.isAborted = true
            return Array(state.controls.values)
        }
        for control in controls { control.abort() }
    }
}
