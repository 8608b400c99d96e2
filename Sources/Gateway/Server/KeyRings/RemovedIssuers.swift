import FoundationEssentials
import GatewayCore
import Synchronization

/// The key rings in the store whose endpoints are not in the configuration. Their documents are served until the last
/// token of the endpoint has expired.
final class RemovedIssuers: Sendable {
    private struct State {
        var rings: [String: Stored<KeyRing>] = [:]
        var generation = 0
        var isListed = false
    }

    private let state = Mutex(State())
    private let signal = ChangeSignal()

    /// The rings, ordered by their endpoints' names.
    var rings: [Stored<KeyRing>] {
        state.withLock { $0.rings.values.sorted { $0.value.endpoint < $1.value.endpoint } }
    }

    /// Another number after each change.
    var generation: Int { state.withLock { $0.generation } }

    /// Yields an element for each later change.
    func changes() -> AsyncStream<Void> { signal.changes() }

    /// Adds or replaces a ring. A report that is older than what this process has written is ignored.
    func put(_ stored: Stored<KeyRing>) {
        change { rings in
            if let old = rings[stored.value.endpoint] {
                guard old.version != stored.version else { return false }
                if old.value.owner == stored.value.owner, old.value.revision > stored.value.revision { return false }
            }
            rings[stored.value.endpoint] = stored
            return true
        }
    }

    /// Returns when the store was listed once, so that the rings are known.
    func untilListed() async {
        // Before the look, so that no change is missed.
        var changes = changes().makeAsyncIterator()
        while !state.withLock({ $0.isListed }), await changes.next() != nil {}
    }

    func remove(_ endpoint: String) { change { $0.removeValue(forKey: endpoint) != nil } }

    /// Takes the result of a list: rings of other endpoints do not exist any more.
    func listed(_ endpoints: Set<String>) {
        let isFirst = state.withLock { state in
            defer { state.isListed = true }
            return !state.isListed
        }
        change { rings in
            let count = rings.count
            rings = rings.filter { endpoints.contains($0.key) }
            return rings.count != count
        }
        if isFirst { signal.send() }
    }

    private func change(_ change: (inout [String: Stored<KeyRing>]) -> Bool) {
        let isChanged = state.withLock { state in
            guard change(&state.rings) else { return false }
            state.generation += 1
            return true
        }
        if isChanged { signal.send() }
    }
}
