import Synchronization

/// Notifies observers that a value has changed, without the value. Observers read the value again.
package final class ChangeSignal: Sendable {
    /// An observer of a signal, which is notified as long as this exists.
    package final class Observation: Sendable {
        private let signal: ChangeSignal
        private let id: Int

        fileprivate init(_ signal: ChangeSignal, _ id: Int) {
            self.signal = signal
            self.id = id
        }

        deinit { signal.remove(id) }
    }

    private struct State {
        var observers: [Int: @Sendable () -> Void] = [:]
        var lastObserver = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Notifies all observers.
    package func send() {
        for notify in state.withLock({ Array($0.observers.values) }) { notify() }
    }

    /// Calls `notify` for each notification after this call, until the returned value is released.
    ///
    /// - Parameter notify: called within ``send()``, so it must not wait.
    package func observe(_ notify: @escaping @Sendable () -> Void) -> Observation {
        Observation(self, add(notify))
    }

    /// A stream with an element for each notification after this call. Notifications that are not consumed are merged.
    package func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = add { continuation.yield() }
        continuation.onTermination = { [weak self] _ in self?.remove(id) }
        return stream
    }

    private func add(_ observer: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.lastObserver += 1
            state.observers[state.lastObserver] = observer
            return state.lastObserver
        }
    }

    private func remove(_ id: Int) { _ = state.withLock { $0.observers.removeValue(forKey: id) } }
}
