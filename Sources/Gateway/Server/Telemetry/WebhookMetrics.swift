import CoreMetrics

/// `sts_webhook_requests_total` and `sts_webhook_duration_seconds`.
struct WebhookMetrics: Sendable {
    enum Result: String, Sendable, CaseIterable {
        /// The Pod was patched.
        case injected
        /// The Pod was not changed.
        case unchanged
        /// The Pod was not changed, and the response has warnings.
        case warned
        case denied
        /// The request was not a valid AdmissionReview.
        case malformed
        /// Too many concurrent reviews.
        case overloaded
        /// An internal error, or the caller disconnected.
        case failed
    }

    /// nil for none.
    let history: OutcomeHistory<Result>?
    private let counters: [Result: Counter]
    private let durations: [Result: CoreMetrics.Timer]

    init(factory: any MetricsFactory, history: OutcomeHistory<Result>? = nil) {
        self.history = history
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
        history?.record(result)
        durations[result]?.recordNanoseconds(Int64(clamping: Int(max(0, latency / .nanoseconds(1)))))
    }
}
