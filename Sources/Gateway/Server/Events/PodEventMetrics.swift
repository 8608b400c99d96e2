import CoreMetrics

/// `sts_pod_events_total`.
struct PodEventMetrics: Sendable {
    enum Result: String, Sendable, CaseIterable {
        case written
        /// Too many Events were pending.
        case dropped
        /// The API server has rejected the Event, or did not respond.
        case failed
    }

    private let counters: [Result: Counter]

    init(factory: any MetricsFactory) {
        counters = Result.allCases.reduce(into: [:]) { counters, result in
            counters[result] = Counter(
                label: "sts_pod_events_total", dimensions: [("result", result.rawValue)], factory: factory)
        }
    }

    func count(_ result: Result) { counters[result]?.increment() }
}
