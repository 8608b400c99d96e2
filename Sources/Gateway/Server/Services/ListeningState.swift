import Synchronization

/// Which listeners accept connections, for readiness.
final class ListeningState: Sendable {
    private let waiting: Mutex<Set<String>>

    /// - Parameter listeners: the names of those that a replica needs to be ready.
    init(_ listeners: Set<String>) { waiting = Mutex(listeners) }

    func accepts(_ listener: String) { _ = waiting.withLock { $0.remove(listener) } }

    /// Why the replica is not ready; nil where all of them accept connections.
    var problem: String? {
        let names = waiting.withLock { $0 }.sorted()
        return names.isEmpty
            ? nil : "not listening yet: \(names.joined(separator: ", ")); waiting for key rings and certificates"
    }
}
