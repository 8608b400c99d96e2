import CoreMetrics

/// `sts_webhook_requests_total` and `sts_webhook_duration_seconds`.
struct WebhookMetrics: Sendable {
    enum Result: String, Sendable, CaseIterable {
        /// Something was added to the Pod.
        case injected
        /// There was nothing to add.
        case unchanged
        /// Nothing was added, and the Pod's author was told why.
        case warned
        case denied
        /// It was no review that could be answered.
        case malformed
        /// Too many reviews at a time.
        case overloaded
        /// A fault of the gateway, or a caller that went away.
        case failed
    }

    private let counters: [Result: Counter]
    private let durations: [Result: CoreMetrics.Timer]

    init(factory: any MetricsFactory) {
        var counters: [Result: Counter] = [:]
        var durations: [Result: CoreMetrics.Timer] = [:]
        for result in Result.allCases {
            let dimensions = [("result", result.rawValue)]
            counters[result] = Counter(label: "sts_webhook_requests_total", dimensions: dimensions, factory: factory)
            durations[result] = CoreMetrics.Timer(
                label: "sts_webhook_duration_seconds", dimensions: dimensions, factory: factory)
        }
        self.counters = counters
        self.durations = durations
    }

    func record(_ result: Result, latency: Duration) {
        counters[result]?.increment()
        durations[result]?.recordNanoseconds(Int64(clamping: Int(max(0, latency / .nanoseconds(1)))))
    }
}
