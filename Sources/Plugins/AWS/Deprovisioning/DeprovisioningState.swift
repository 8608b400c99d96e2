import Synchronization

/// What the steps of a removal have found.
final class DeprovisioningState: Sendable {
    struct Values: Sendable {
        /// By step: the resources that stay and keep everything below them.
        var keeping: [String: [String]] = [:]
        /// All hosts of the distribution; also after it is deleted.
        var hosts: Set<String> = []
    }

    private let values = Mutex(Values())

    var current: Values { values.withLock { $0 } }

    func update(_ change: (inout Values) -> Void) { values.withLock { change(&$0) } }
}
