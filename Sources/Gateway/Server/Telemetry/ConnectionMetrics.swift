import CoreMetrics

/// `sts_connections_evicted_total` of one listener.
struct ConnectionMetrics: Sendable {
    private let counters: [EvictionReason: Counter]

    /// - Parameter listener: the name of the listener, of a closed set.
    init(factory: any MetricsFactory, listener: String) {
        counters = EvictionReason.allCases.reduce(into: [:]) { counters, reason in
            counters[reason] = Counter(
                label: "sts_connections_evicted_total",
                dimensions: [("listener", listener), ("reason", reason.rawValue)], factory: factory)
        }
    }

    func count(_ reason: EvictionReason) { counters[reason]?.increment() }
}
