extension GatewayMetrics {
    /// Seconds. A token call takes some milliseconds without a review, and is given up after ten seconds.
    static let durationBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// Every metric there is; `docs/metrics.md` has the same list.
    static let families = [
        MetricFamily(
            "sts_tokens_issued_total", .counter, "Tokens issued.", labels: ["endpoint", "plugin", "algorithm"]),
        MetricFamily(
            "sts_token_request_duration_seconds", .histogram(upperBounds: durationBounds),
            "Time from a token call's arrival to its answer.", labels: ["endpoint", "route", "outcome"]),
        MetricFamily(
            "sts_authorization_total", .counter, "Decisions of an endpoint's rules about a proved ServiceAccount.",
            labels: ["endpoint", "decision"]),
        MetricFamily(
            "sts_apiserver_audience_tokens_total", .counter,
            "Subject tokens for the API server's own audience that were taken because of acceptApiServerAudience.",
            labels: ["endpoint"]),
        MetricFamily(
            "sts_tokenreview_total", .counter, "Reviews of subject tokens by what came of them.", labels: ["result"]),
        MetricFamily(
            "sts_tokenreview_cache_total", .counter, "Look-ups in the cache of reviews.", labels: ["result"]),
        MetricFamily(
            "sts_tokenreview_precheck_total", .counter,
            "Subject tokens that the check before the review refused, or could not check.", labels: ["result"]),
        MetricFamily("sts_key_state", .gauge, "Keys of an endpoint's ring by state.", labels: ["endpoint", "state"]),
        MetricFamily("sts_key_age_seconds", .gauge, "Age of the key that signs.", labels: ["endpoint"]),
        MetricFamily(
            "sts_publish_total", .counter,
            "Documents that a round of publication went through, by what became of them.",
            labels: ["endpoint", "document", "result"]),
        MetricFamily(
            "sts_publish_last_success_timestamp_seconds", .gauge,
            "The end of the last round in which nothing failed and nothing was refused, in Unix time.",
            labels: ["endpoint"]),
        MetricFamily(
            "sts_published_matches", .gauge, "1 where the public issuer URL serves the endpoint's documents, else 0.",
            labels: ["endpoint"]),
        MetricFamily(
            "sts_webhook_requests_total", .counter, "Admission reviews by what became of them.", labels: ["result"]),
        MetricFamily(
            "sts_webhook_duration_seconds", .histogram(upperBounds: durationBounds),
            "Time from an admission review's arrival to its answer.", labels: ["result"]),
        MetricFamily(
            "sts_uninjected_pods", .gauge,
            "Labelled Pods that run without the endpoint's tokens, as the leader found them last.",
            labels: ["endpoint", "reason"]),
        MetricFamily("sts_audit_records_total", .counter, "Audit records by what became of them.", labels: ["result"]),
        MetricFamily(
            "sts_log_lines_dropped_total", .counter, "Lines of the log that were dropped because its output took none.",
            labels: []),
        MetricFamily(
            "sts_pod_events_total", .counter, "Events about refusals, on the Pods that were refused.",
            labels: ["result"]),
        MetricFamily(
            "sts_config_reload_total", .counter, "Looks at a changed configuration file, by what became of them.",
            labels: ["result"]),
        MetricFamily(
            "sts_build_info", .gauge, "Always 1; the labels say what runs.", labels: ["version", "architecture"]),
    ]
}

extension PrometheusMetrics {
    /// With the gateway's metrics, and no others.
    package convenience init() { self.init(families: GatewayMetrics.families) }
}
