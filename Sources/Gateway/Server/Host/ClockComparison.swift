import GatewayCore
import Kubernetes

/// Compares this replica's clock with a server's.
struct ClockComparison: Sendable {
    let server: ServerClock
    let scheduler: Scheduler

    /// nil where no answer of the server has been received for a day.
    var result: ClockReading? {
        server.ahead(scheduler.now(), monotonic: scheduler.monotonic()).map(ClockReading.init)
    }
}
