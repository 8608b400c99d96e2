import FoundationEssentials
import GatewayCore
import ServiceLifecycle
import Synchronization

/// Keeps serving, unready, for some time after the process was asked to stop: until load balancers have reacted,
/// requests still come. The last of the services, so that it is stopped first.
final class Draining: Service {
    /// Seconds.
    private let delay: Double
    /// Seconds from the request to stop to the end of the process at the latest.
    private let shutdownTimeout: Double
    private let scheduler: Scheduler
    private let begun = Mutex<Double?>(nil)
    private let signal = ChangeSignal()

    init(delay: Double, shutdownTimeout: Double, scheduler: Scheduler) {
        self.delay = delay
        self.shutdownTimeout = shutdownTimeout
        self.scheduler = scheduler
    }

    /// Whether the gateway was asked to stop.
    var isDraining: Bool { begun.withLock { $0 != nil } }

    /// Seconds until connections are cut, so that the other services have time to end, too.
    var secondsUntilCut: Double { secondsLeft - min(5, shutdownTimeout / 4) }

    private var secondsLeft: Double {
        let now = scheduler.monotonic()
        return begun.withLock { ($0 ?? now) + shutdownTimeout } - now
    }

    func run() async {
        try? await gracefulShutdown()
        let now = scheduler.monotonic()
        begun.withLock { $0 = now }
        signal.send()
        if delay > 0 { try? await scheduler.sleep(delay) }
    }

    /// Returns when the process must end, whatever still runs.
    ///
    /// - Throws: where cancelled.
    func untilOverdue() async throws {
        var changes = signal.changes().makeAsyncIterator()
        while !isDraining {
            guard await changes.next() != nil else { throw CancellationError() }
        }
        try await scheduler.sleep(max(0, secondsLeft))
    }
}
