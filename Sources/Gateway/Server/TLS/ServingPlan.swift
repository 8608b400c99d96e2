import GatewayCore
import Synchronization

/// What the own certificates are to be, as the configuration in force says.
final class ServingPlan: Sendable {
    private let current: Mutex<ServingPolicy>
    private let signal = ChangeSignal()

    init(_ policy: ServingPolicy) { current = Mutex(policy) }

    var policy: ServingPolicy { current.withLock { $0 } }

    func replace(with policy: ServingPolicy) {
        current.withLock { $0 = policy }
        signal.send()
    }

    /// An element for each change from now on.
    func changes() -> AsyncStream<Void> { signal.changes() }
}
