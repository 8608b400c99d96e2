import GatewayCore
import Kubernetes

/// Compares this replica's clock with a server's, or with what the machine knows of its own where no server has answered.
struct ClockComparison: Sendable {
    let server: ServerClock
    let scheduler: Scheduler
    /// Whether this machine's clock is known to be right without a server.
    let isSynchronized: @Sendable () -> Bool

    /// nil where no answer of the server has been received for a day, and the clock is not known to be synchronized.
    var result: ClockReading? { compared ?? (isSynchronized() ? ClockReading(ahead: 0) : nil) }

    /// nil where no answer of the server has been received for a day.
    var compared: ClockReading? {
        server.ahead(scheduler.now(), monotonic: scheduler.monotonic()).map(ClockReading.init)
    }
}
