import FoundationEssentials
import ServiceLifecycle
import Synchronization

/// Told to stop, the gateway goes on serving for a while, unready: until whoever balances load has heard of it, requests
/// still come. The last of the services, so that it is stopped first.
final class Draining: Service {
    /// Seconds.
    private let delay: Double
    private let scheduler: Scheduler
    private let begun = Atomic(false)

    init(delay: Double, scheduler: Scheduler) {
        self.delay = delay
        self.scheduler = scheduler
    }

    /// Whether the gateway was told to stop.
    var isDraining: Bool { begun.load(ordering: .relaxed) }

    func run() async {
        try? await gracefulShutdown()
        begun.store(true, ordering: .relaxed)
        if delay > 0 { try? await scheduler.sleep(delay) }
    }
}
