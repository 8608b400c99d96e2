import CoreMetrics

/// `sts_config_reload_total`.
struct ReloadMetrics: Sendable {
    enum Result: String, Sendable, CaseIterable {
        case applied
        /// It was not good.
        case rejected
        /// It was good, and changes what is fixed while the process runs.
        case needsRestart = "needs_restart"
    }

    private let counters: [Result: Counter]

    init(factory: any MetricsFactory) {
        counters = Result.allCases.reduce(into: [:]) { counters, result in
            counters[result] = Counter(
                label: "sts_config_reload_total", dimensions: [("result", result.rawValue)], factory: factory)
        }
    }

    func count(_ result: Result) { counters[result]?.increment() }
}
