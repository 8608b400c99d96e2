extension GatewayMetrics {
    /// Bucket bounds in seconds. A token call takes some milliseconds without a review, and ends after ten seconds.
    static let durationBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// All metrics; `docs/metrics.md` has the same list.
    static let families = [
        MetricFamily(
            "sts_tokens_issued_total", .counter, "Tokens issued.", labels: ["endpoint", "plugin", "algorithm"]),
        MetricFamily(
            "sts_token_request_duration_seconds", .histogram(upperBounds: durationBounds),
            "Time from the arrival of a token call to its response.", labels: ["endpoint", "route", "outcome"]),
        MetricFamily(
            "sts_signatures_rejected_total", .counter,
            "Token calls that were rejected because too many signatures waited.", labels: []),
        MetricFamily(
            "sts_authorization_total", .counter, "Authorization decisions for authenticated ServiceAccounts.",
            labels: ["endpoint", "decision"]),
        MetricFamily(
            "sts_apiserver_audience_tokens_total", .counter,
            "Subject tokens with the API server's audience that were accepted because of acceptApiServerAudience.",
            labels: ["endpoint"]),
        MetricFamily(
            "sts_tokenreview_total", .counter, "Reviews of subject tokens by result.", labels: ["result"]),
        MetricFamily(
            "sts_tokenreview_cache_total", .counter, "Lookups in the cache of reviews.", labels: ["result"]),
        MetricFamily(
            "sts_tokenreview_precheck_total", .counter,
            "Subject tokens that were rejected or not checked before the review.", labels: ["result"]),
        MetricFamily("sts_key_state", .gauge, "Keys of an endpoint's ring by state.", labels: ["endpoint", "state"]),
        MetricFamily("sts_key_age_seconds", .gauge, "Age of the key that signs.", labels: ["endpoint"]),
        MetricFamily(
            "sts_publish_total", .counter,
            "Published documents by result.",
            labels: ["endpoint", "document", "result"]),
        MetricFamily(
            "sts_publish_last_success_timestamp_seconds", .gauge,
            "The end of the last publication without failures and rejections, in Unix time.",
            labels: ["endpoint"]),
        MetricFamily(
            "sts_published_matches", .gauge, "1 where the public issuer URL serves the endpoint's documents, else 0.",
            labels: ["endpoint"]),
        MetricFamily(
            "sts_webhook_requests_total", .counter, "Admission reviews by result.", labels: ["result"]),
        MetricFamily(
            "sts_webhook_duration_seconds", .histogram(upperBounds: durationBounds),
            "Time from the arrival of an admission review to its response.", labels: ["result"]),
        MetricFamily(
            "sts_uninjected_pods", .gauge,
            "Labelled Pods that run without the endpoint's tokens, as last observed by the leader.",
            labels: ["endpoint", "reason"]),
        MetricFamily(
            "sts_pods_without_ca", .gauge,
            "Injected Pods whose sidecar got only older CAs than the announced or issuing one, as last observed by the "
                + "leader.", labels: []),
        MetricFamily(
            "sts_admission_policy_differences", .gauge,
            "Admission policies that differ from the configuration and are not written, as last observed by the leader.",
            labels: []),
        MetricFamily("sts_audit_records_total", .counter, "Audit records by result.", labels: ["result"]),
        MetricFamily(
            "sts_log_lines_dropped_total", .counter, "Lines of the log that were dropped because its output took none.",
            labels: []),
        MetricFamily(
            "sts_pod_events_total", .counter, "Events about refusals, on the Pods that were refused.",
            labels: ["result"]),
        MetricFamily(
            "sts_connections_evicted_total", .counter, "Connections that were closed to make room for others.",
            labels: ["listener", "reason"]),
        MetricFamily(
            "sts_config_reload_total", .counter, "Configuration reloads by result.",
            labels: ["result"]),
        MetricFamily(
            "sts_build_info", .gauge, "Always 1; the labels have the version and the architecture.",
            labels: ["version", "architecture"]),
    ]
}

extension PrometheusMetrics {
    /// A registry of the gateway's metrics.
    package convenience init() { self.init(families: GatewayMetrics.families) }
}
