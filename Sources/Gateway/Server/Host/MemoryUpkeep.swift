import CSystemMemory
import NIOCore
import ServiceLifecycle

/// Gives the memory of a burst of requests back to the system: caches drop what has expired, and the allocator what is
/// free.
struct MemoryUpkeep: Service {
    /// Seconds.
    static let interval = 30.0

    let scheduler: Scheduler
    /// Drops what has expired.
    let dropExpired: @Sendable () -> Void

    func run() async {
        await cancelWhenGracefulShutdown {
            while (try? await scheduler.sleep(Self.interval)) != nil {
                dropExpired()
                sts_return_free_memory()
            }
        }
    }
}

/// The allocator of the process.
package enum ProcessMemory {
    /// Limits the free memory that threads hold: one area for each core. Called before there are many threads.
    package static func limitAreas() { sts_limit_memory_areas(CInt(clamping: max(2, System.coreCount))) }
}
