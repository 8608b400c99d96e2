import Synchronization

/// Counters of this node in the text format of Prometheus. Labels are closed sets: no name of a Pod or an endpoint.
final class Metrics: Sendable {
    enum Counter: String, CaseIterable {
        case publishCurrent = "sts_node_publish_total{result=\"current\"}"
        case publishRefreshed = "sts_node_publish_total{result=\"refreshed\"}"
        case publishFailed = "sts_node_publish_total{result=\"failed\"}"
        case publishInvalid = "sts_node_publish_total{result=\"invalid\"}"
        case publishBusy = "sts_node_publish_total{result=\"busy\"}"
        case exchangeSucceeded = "sts_node_exchange_total{result=\"succeeded\"}"
        case exchangeFailed = "sts_node_exchange_total{result=\"failed\"}"
        case unpublishSucceeded = "sts_node_unpublish_total{result=\"succeeded\"}"
        case unpublishFailed = "sts_node_unpublish_total{result=\"failed\"}"
    }

    private let counts = Mutex<[Counter: UInt64]>([:])
    private let registered = Atomic<Bool>(false)

    func count(_ counter: Counter) { counts.withLock { $0[counter, default: 0] += 1 } }

    /// Whether the kubelet has registered the driver.
    var isRegistered: Bool {
        get { registered.load(ordering: .relaxed) }
        set { registered.store(newValue, ordering: .relaxed) }
    }

    /// - Parameters:
    ///   - volumes: how many volumes the driver knows.
    ///   - failing: how many of them lack a valid token.
    func text(volumes: Int, failing: Int) -> String {
        let counts = counts.withLock { $0 }
        var lines = [
            "# TYPE sts_node_volumes gauge", "sts_node_volumes \(volumes)", "# TYPE sts_node_failing_volumes gauge",
            "sts_node_failing_volumes \(failing)", "# TYPE sts_node_registered gauge",
            "sts_node_registered \(isRegistered ? 1 : 0)",
        ]
        var family = ""
        for counter in Counter.allCases {
            let name = String(counter.rawValue.prefix { $0 != "{" })
            if name != family { lines.append("# TYPE \(name) counter") }
            family = name
            lines.append("\(counter.rawValue) \(counts[counter] ?? 0)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
