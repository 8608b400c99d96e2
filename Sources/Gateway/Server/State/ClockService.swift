import GatewayCore
import Logging
import ServiceLifecycle

/// Logs when this replica's clock begins to differ from the deciding one, and when it agrees again.
struct ClockService: Service {
    let clock: ClockComparison
    let logger: Logger

    /// Seconds between two comparisons.
    static let interval = 5.0

    func run() async {
        await cancelWhenGracefulShutdown { await watch() }
    }

    private func watch() async {
        var log = FailureLog("clock differs", recovered: "clock agrees again", logger: logger)
        while !Task.isCancelled {
            if let result = clock.result, !result.agrees {
                // Without the seconds, which are others with each comparison.
                log.fail(
                    "this replica's clock is \(result.ahead > 0 ? "ahead of" : "behind") the API server's, or with a key "
                        + "directory the issuer URL's, so it does not rotate or publish; synchronize both clocks (NTP)",
                    code: .clock,
                    ["seconds": .stringConvertible(Int(abs(result.ahead).rounded()))])
            } else {
                log.succeed()
            }
            try? await clock.scheduler.sleep(Self.interval)
        }
    }
}
