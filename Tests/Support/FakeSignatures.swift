package import GatewayCore
import Synchronization

/// Makes signatures in place, and counts them; or rejects them.
package final class FakeSignatures: SignatureExecuting {
    private let isOverloaded: Bool
    private let state = Mutex(0)

    package init(isOverloaded: Bool = false) { self.isOverloaded = isOverloaded }

    package var count: Int { state.withLock { $0 } }

    package func run<Value: Sendable>(
        _ work: @escaping @Sendable () -> Value
    ) async throws(SignatureOverload) -> Value {
        state.withLock { $0 += 1 }
        guard !isOverloaded else { throw SignatureOverload() }
        return work()
    }
}
