import CSystemThreads
import GatewayCore
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Threads for signatures that take long. Event loops and the pool of Swift's tasks, on which all other requests run,
/// make none of them, and take the core from a signature as soon as they have work: else they would wait for several
/// milliseconds where no core is free. The threads for signatures still have a tenth of it.
///
/// It must run, or ``shutdown()`` must be called.
final class SigningThreads: SignatureExecuting, Service {
    private let pool: NIOThreadPool
    private let limit: Int
    private let onRejection: @Sendable () -> Void
    /// Signatures that are made or wait.
    private let count = Mutex(0)

    /// Per thread. A signature takes 0.2 to 5 ms, so a request waits for some tenths of a second at most with RSA-2048.
    private static let limitPerThread = 512

    /// A core less than the process may use, which other requests have; the count respects a cgroup's quota.
    static var defaultThreadCount: Int { min(16, max(1, System.coreCount - 1)) }

    /// - Parameters:
    ///   - limit: signatures that may be made or wait at a time; nil for a multiple of the threads.
    ///   - onRejection: called for each signature beyond it.
    init(
        threads: Int = SigningThreads.defaultThreadCount, limit: Int? = nil, onRejection: @escaping @Sendable () -> Void
    ) {
        pool = NIOThreadPool(numberOfThreads: threads)
        self.limit = limit ?? threads * Self.limitPerThread
        self.onRejection = onRejection
        pool.start()
    }

    func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(SignatureOverload) -> Value {
        let hasRoom = count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
        guard hasRoom else {
            onRejection()
            throw SignatureOverload()
        }
        defer { count.withLock { $0 -= 1 } }
        do {
            return try await pool.runIfActive {
                sts_give_way()
                return work()
            }
        } catch {
            // The process ends, or nobody waits for the result any more.
            throw SignatureOverload()
        }
    }

    func run() async throws {
        try? await gracefulShutdown()
        await shutdown()
    }

    func shutdown() async { try? await pool.shutdownGracefully() }
}
