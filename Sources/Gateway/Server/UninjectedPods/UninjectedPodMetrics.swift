import CoreMetrics
import GatewayCore
import Logging

/// `sts_uninjected_pods`, which only the leader has.
struct UninjectedPodMetrics: Sendable {
    private let factory: any MetricsFactory

    init(factory: any MetricsFactory) { self.factory = factory }

    /// The report of Pods without a CA, with its metric.
    func podsWithoutCA(_ logger: Logger) -> PodsWithoutCA { PodsWithoutCA(factory: factory, logger: logger) }

    func set(_ counts: UninjectedPodTally.Counts) {
        for (endpoint, reasons) in counts {
            for (reason, count) in reasons { meter(endpoint, reason).set(count) }
        }
    }

    /// Removes the gauges of these endpoints.
    func remove(_ endpoints: some Sequence<String>) {
        for endpoint in endpoints {
            for reason in UninjectedPod.Reason.allCases { meter(endpoint, reason).destroy() }
        }
    }

    /// Returns the gauge, the same one for the same labels.
    private func meter(_ endpoint: String, _ reason: UninjectedPod.Reason) -> Meter {
        Meter(
            label: "sts_uninjected_pods", dimensions: [("endpoint", endpoint), ("reason", reason.rawValue)],
            factory: factory)
    }
}
