import CoreMetrics

/// `sts_config_reload_total`.
struct ReloadMetrics: Sendable {
    enum Result: String, Sendable, CaseIterable {
        case applied
        /// The file is invalid.
        case rejected
        /// The file is valid, but changes keys that require a restart.
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
