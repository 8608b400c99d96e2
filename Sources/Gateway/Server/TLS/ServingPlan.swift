import GatewayCore
import Synchronization

/// The policy for the self-signed CAs and their serving certificate, from the configuration in force.
final class ServingPlan: Sendable {
    private let current: Mutex<ServingPolicy>
    private let signal = ChangeSignal()
    private let findPods = Mutex<@Sendable () async -> [String]?>({ nil })

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

    /// Sets how the Pods that trust the CA bundle of their injection are found.
    func find(injectedPods: @escaping @Sendable () async -> [String]?) { findPods.withLock { $0 = injectedPods } }

    /// Those Pods, by namespace and name; nil where they are not known.
    func injectedPods() async -> [String]? {
        let find = findPods.withLock { $0 }
        return await find()
    }

    /// Yields an element for each later change.
    func changes() -> AsyncStream<Void> { signal.changes() }
}
