import CoreMetrics

/// `sts_admission_policy_differences`, which only the leader has, and only with policies.
struct AdmissionPolicyMetric: Sendable {
    let factory: any MetricsFactory

    /// - Parameter count: nil for none.
    func set(_ count: Int?) {
        let meter = Meter(label: "sts_admission_policy_differences", dimensions: [], factory: factory)
        if let count { meter.set(count) } else { meter.destroy() }
    }
}
