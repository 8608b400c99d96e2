import CSystemMemory
import NIOCore
import ServiceLifecycle

/// Gives memory back to the system: what caches hold and has expired, what is free in the allocator, and the code that
/// only the start or a burst of requests needs.
struct MemoryUpkeep: Service {
    /// Seconds.
    static let interval = 30.0
    /// Seconds after which the start is complete, or the code that it still needs is mapped again.
    static let start = 5.0

    let scheduler: Scheduler
    /// Drops what has expired.
    let dropExpired: @Sendable () -> Void
    /// Drops the resident pages of the code.
    var dropCode: @Sendable () -> Void = { sts_drop_code() }

    func run() async {
        await cancelWhenGracefulShutdown {
            var pause = Self.start
            while (try? await scheduler.sleep(pause)) != nil {
                dropExpired()
                sts_return_free_memory()
                dropCode()
                pause = Self.interval
            }
        }
    }
}

/// The allocator of the process.
package enum ProcessMemory {
    /// Limits the free memory that threads hold: one area for each core. Called before there are many threads.
    package static func limitAreas() { sts_limit_memory_areas(CInt(clamping: max(2, System.coreCount))) }
}
