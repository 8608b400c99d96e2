import CoreMetrics
import GatewayCore

/// `sts_uninjected_pods`: told by the leader, and by nobody else.
struct UninjectedPodMetrics: Sendable {
    private let factory: any MetricsFactory

    init(factory: any MetricsFactory) { self.factory = factory }

    func set(_ counts: UninjectedPodTally.Counts) {
        for (endpoint, reasons) in counts {
            for (reason, count) in reasons { meter(endpoint, reason).set(count) }
        }
    }

    /// Tells nothing more of these endpoints.
    func forget(_ endpoints: some Sequence<String>) {
        for endpoint in endpoints {
            for reason in UninjectedPod.Reason.allCases { meter(endpoint, reason).destroy() }
        }
    }

    /// The same one each time.
    private func meter(_ endpoint: String, _ reason: UninjectedPod.Reason) -> Meter {
        Meter(
            label: "sts_uninjected_pods", dimensions: [("endpoint", endpoint), ("reason", reason.rawValue)],
            factory: factory)
    }
}
