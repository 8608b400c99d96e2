package import CoreMetrics
package import FoundationEssentials
package import GatewayCore

/// The gateway's metrics (`docs/metrics.md`). Every handle is created here, once; all labels are from closed sets: the
/// names of the configured endpoints, and enumerations.
package struct GatewayMetrics: Sendable {
    /// The result for audit records.
    package enum AuditResult: String, Sendable, CaseIterable {
        case written
        /// The buffer was full.
        case dropped
        /// The output failed.
        case failed
    }

    private let endpoints: [String: EndpointMetrics]
    private let reviews: [TokenReviewEvent: Counter]
    private let audit: [AuditResult: Counter]
    private let logLinesDropped: Counter
    private let signaturesRejected: Counter

    /// - Parameters:
    ///   - factory: the backend, such as ``PrometheusMetrics``. Existing metrics of the factory continue.
    ///   - version: the gateway's version.
    package init(factory: any MetricsFactory, endpoints: [EndpointConfiguration], version: String) {
        self.endpoints = Dictionary(
            endpoints.map { ($0.name, EndpointMetrics($0, factory: factory)) }, uniquingKeysWith: { first, _ in first })
        func counter(_ label: String, _ result: String) -> Counter {
            Counter(label: label, dimensions: [("result", result)], factory: factory)
        }
        reviews = TokenReviewEvent.allCases.reduce(into: [:]) { counters, event in
            let (label, result) = event.metric
            counters[event] = counter(label, result)
        }
        audit = AuditResult.allCases.reduce(into: [:]) { counters, result in
            counters[result] = counter("sts_audit_records_total", result.rawValue)
        }
        logLinesDropped = Counter(label: "sts_log_lines_dropped_total", factory: factory)
        signaturesRejected = Counter(label: "sts_signatures_rejected_total", factory: factory)
        Meter(
            label: "sts_build_info", dimensions: [("version", version), ("architecture", Self.architecture)],
            factory: factory
        ).set(1)
    }

    /// Records a token call: its duration, the decision, and the token where one was issued.
    package func record(_ record: AuditRecord) { endpoints[record.request.endpoint]?.record(record) }

    /// Counts an event of the reviewers: a ``TokenReviewObserver``.
    package func observe(_ event: TokenReviewEvent) { reviews[event]?.increment() }

    /// Counts audit records.
    package func audited(_ result: AuditResult, count: Int = 1) { audit[result]?.increment(by: count) }

    /// Counts lines of the log that were dropped.
    func dropped(logLines count: Int) { logLinesDropped.increment(by: count) }

    /// Counts a token request that was rejected because too many signatures waited.
    func signatureRejected() { signaturesRejected.increment() }

    /// Brings the state and the age of an endpoint's keys up to date.
    package func observe(_ keys: SigningKeySnapshot, of endpoint: String, at now: Date) {
        endpoints[endpoint]?.observe(keys.keys, signing: keys.active, at: now)
    }

    /// Removes the gauges of an endpoint that was removed from the configuration.
    func removeGauges(of endpoint: String) { endpoints[endpoint]?.destroyGauges() }

    /// Counts the outcome of publishing one document.
    package func record(_ outcome: PublicationRound.Outcome, of endpoint: String) {
        endpoints[endpoint]?.record(outcome)
    }

    /// Updates the publication status of an endpoint.
    package func observe(_ status: PublicationStatus, of endpoint: String) { endpoints[endpoint]?.observe(status) }

    #if arch(x86_64)
        private static let architecture = "amd64"
    #elseif arch(arm64)
        private static let architecture = "arm64"
    #else
        private static let architecture = "other"
    #endif
}

extension TokenReviewEvent {
    /// The metric of the event, and the value of its label `result`.
    fileprivate var metric: (label: String, result: String) {
        switch self {
        case .authenticated: ("sts_tokenreview_total", "authenticated")
        case .unauthenticated: ("sts_tokenreview_total", "unauthenticated")
        case .failed: ("sts_tokenreview_total", "failed")
        case .capped: ("sts_tokenreview_total", "capped")
        case .cacheHit: ("sts_tokenreview_cache_total", "hit")
        case .cacheMiss: ("sts_tokenreview_cache_total", "miss")
        case .cacheShared: ("sts_tokenreview_cache_total", "shared")
        case .precheckForged: ("sts_tokenreview_precheck_total", "forged")
        case .precheckForeignKey: ("sts_tokenreview_precheck_total", "foreign-key")
        case .precheckUnknownKey: ("sts_tokenreview_precheck_total", "unknown-key")
        case .precheckSkipped: ("sts_tokenreview_precheck_total", "skipped")
        }
    }
}
