import GatewayCore
import Synchronization

/// What the own certificates are to be, as the configuration in force says.
final class ServingPlan: Sendable {
    private let current: Mutex<ServingPolicy>
    private let signal = ChangeSignal()

    init(_ policy: ServingPolicy) { current = Mutex(policy) }

    var policy: ServingPolicy { current.withLock { $0 } }

    /// The longest life of a token stays the longest that this process has seen: such tokens are still about.
    func replace(with policy: ServingPolicy) {
        current.withLock { current in
            let longest = max(current.timeToLive, policy.timeToLive)
            current = policy
            current.timeToLive = longest
        }
        signal.send()
    }

    /// An element for each change from now on.
    func changes() -> AsyncStream<Void> { signal.changes() }
}
