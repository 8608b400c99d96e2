import CoreMetrics
import GatewayCore
import Logging
import Synchronization

/// `sts_uninjected_pods`, which only the leader has.
struct UninjectedPodMetrics: Sendable {
    private let factory: any MetricsFactory
    private let last = LastCounts()

    init(factory: any MetricsFactory) { self.factory = factory }

    /// The last counts; nil where this replica does not know.
    var counts: UninjectedPodTally.Counts? { last.counts.withLock { $0 } }

    /// The report of Pods without a CA, with its metric.
    func podsWithoutCA(_ logger: Logger) -> PodsWithoutCA { PodsWithoutCA(factory: factory, logger: logger) }

    func set(_ counts: UninjectedPodTally.Counts) {
        last.counts.withLock { $0 = counts }
        for (endpoint, reasons) in counts {
            for (reason, count) in reasons { meter(endpoint, reason).set(count) }
        }
    }

    /// Removes the gauges of these endpoints.
    func remove(_ endpoints: some Sequence<String>) {
        for endpoint in endpoints {
            last.counts.withLock { counts in
                counts?[endpoint] = nil
                if counts?.isEmpty == true { counts = nil }
            }
            for reason in UninjectedPod.Reason.allCases { meter(endpoint, reason).destroy() }
        }
    }

    private final class LastCounts: Sendable {
        let counts = Mutex<UninjectedPodTally.Counts?>(nil)
    }

    /// Returns the gauge, the same one for the same labels.
    private func meter(_ endpoint: String, _ reason: UninjectedPod.Reason) -> Meter {
        Meter(
            label: "sts_uninjected_pods", dimensions: [("endpoint", endpoint), ("reason", reason.rawValue)],
            factory: factory)
    }
}
