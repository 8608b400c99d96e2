import GatewayCore
import Synchronization

/// The policy for the self-signed CAs and their serving certificate, from the configuration in force.
final class ServingPlan: Sendable {
    private let current: Mutex<ServingPolicy>
    private let signal = ChangeSignal()

    init(_ policy: ServingPolicy) { current = Mutex(policy) }

    var policy: ServingPolicy { current.withLock { $0 } }

    /// Replaces the policy. The maximum token lifetime never decreases: tokens of the former configuration may still be
    /// valid.
    func replace(with policy: ServingPolicy) {
        current.withLock { current in
            let longest = max(current.timeToLive, policy.timeToLive)
            current = policy
            current.timeToLive = longest
        }
        signal.send()
    }

    /// Yields an element for each later change.
    func changes() -> AsyncStream<Void> { signal.changes() }
}
