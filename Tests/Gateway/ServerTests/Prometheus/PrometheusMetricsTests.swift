import CoreMetrics
import Foundation
import GatewayCore
import Testing

@testable import GatewayServer

@Suite("Prometheus' text format")
struct PrometheusMetricsTests {
    private static func metrics() -> PrometheusMetrics {
        PrometheusMetrics(families: [
            MetricFamily("example_requests_total", .counter, "Requests.", labels: ["endpoint", "route"]),
            MetricFamily("example_state", .gauge, "A \\ and\na line.", labels: ["name"]),
            MetricFamily("example_plain", .gauge, "Without a label.", labels: []),
            MetricFamily(
                "example_seconds", .histogram(upperBounds: [0.005, 0.1, 1]), "How long.", labels: ["endpoint"]),
            MetricFamily("example_unused_total", .counter, "Not used.", labels: []),
        ])
    }

    private func counter(_ metrics: PrometheusMetrics, _ endpoint: String, _ route: String = "token") -> Counter {
        Counter(
            label: "example_requests_total", dimensions: [("route", route), ("endpoint", endpoint)], factory: metrics)
    }

    @Test("A family has room for the series of 500 endpoints")
    func room() {
        let series = 500 * AuditRecord.CallRoute.allCases.count * AuditRecord.Decision.allCases.count
        #expect(PrometheusMetrics.maximumSeries >= series)
    }

    @Test("Counters, gauges and histograms match the reference file")
    func reference() throws {
        let metrics = Self.metrics()
        counter(metrics, "two").increment(by: 3)
        counter(metrics, "one").increment()
        _ = counter(metrics, "one", "user")
        Meter(label: "example_state", dimensions: [("name", "a \"quote\", a \\ and\na line")], factory: metrics).set(
            -1.5)
        Meter(label: "example_state", dimensions: [("name", "infinite")], factory: metrics).set(Double.infinity)
        Meter(label: "example_plain", dimensions: [], factory: metrics).set(1_778_251_200)
        let timer = CoreMetrics.Timer(label: "example_seconds", dimensions: [("endpoint", "one")], factory: metrics)
        for nanoseconds in [1_000_000, 5_000_000, 250_000_000, 62_000_000_000] as [Int64] {
            timer.recordNanoseconds(nanoseconds)
        }
        // Tests/Peers/test_metrics_text.py reads the same file with the parser of prometheus_client.
        var root = URL(filePath: #filePath)
        for _ in 0..<5 { root.deleteLastPathComponent() }
        let expected = try String(contentsOf: root.appending(path: "Tests/Peers/metrics_text.txt"), encoding: .utf8)
        #expect(metrics.text == expected)
    }

    @Test("The same labels have the same series")
    func identity() {
        let metrics = Self.metrics()
        counter(metrics, "one").increment()
        counter(metrics, "one").increment()
        #expect(metrics.text.contains("example_requests_total{endpoint=\"one\",route=\"token\"} 2\n"))
    }

    @Test("Metrics with undeclared names, labels or kinds are not exposed")
    func undeclared() {
        let metrics = Self.metrics()
        Counter(label: "example_other_total", dimensions: [], factory: metrics).increment()
        Counter(label: "example_requests_total", dimensions: [("endpoint", "one")], factory: metrics).increment()
        Counter(
            label: "example_requests_total", dimensions: [("endpoint", "one"), ("user", "x")], factory: metrics
        ).increment()
        Counter(label: "example_plain", dimensions: [], factory: metrics).increment()
        Meter(label: "example_seconds", dimensions: [("endpoint", "one")], factory: metrics).set(1)
        #expect(metrics.text.isEmpty)
    }

    @Test("A family has a maximum number of series")
    func bound() {
        let metrics = Self.metrics()
        for number in 0..<(PrometheusMetrics.maximumSeries + 10) { counter(metrics, "e\(number)").increment() }
        #expect(metrics.text.split(separator: "\n").count == PrometheusMetrics.maximumSeries + 2)
    }

    @Test("A removed gauge is not exposed, and its removal does not concern a new one with its labels")
    func removal() {
        let metrics = Self.metrics()
        let first = metrics.makeMeter(label: "example_plain", dimensions: [])
        first.set(1.0)
        metrics.destroyMeter(first)
        #expect(metrics.text.isEmpty)
        metrics.makeMeter(label: "example_plain", dimensions: []).set(2.0)
        metrics.destroyMeter(first)
        metrics.destroyMeter(NOOPMetricsHandler.instance)
        #expect(metrics.text.hasSuffix("example_plain 2\n"))
    }

    @Test("All series of a full family are removed without a search for each")
    func removalOfMany() {
        let metrics = Self.metrics()
        let gauges = (0..<PrometheusMetrics.maximumSeries).map {
            metrics.makeMeter(label: "example_state", dimensions: [("name", "\($0)")])
        }
        for gauge in gauges.reversed() {
            gauge.set(1.0)
            metrics.destroyMeter(gauge)
        }
        #expect(metrics.text.isEmpty)
    }

    @Test("A gauge that is NaN is not exposed until it is set again")
    func absentGauge() {
        let metrics = Self.metrics()
        let gauge = Meter(label: "example_plain", dimensions: [], factory: metrics)
        #expect(metrics.text.isEmpty)
        gauge.increment(by: 2)
        gauge.decrement()
        #expect(metrics.text.hasSuffix("example_plain 1\n"))
        gauge.set(Double.nan)
        #expect(metrics.text.isEmpty)
    }

    @Test("Concurrent increments are all counted")
    func concurrency() async {
        let metrics = Self.metrics()
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let counter = self.counter(metrics, "one")
                    let timer = CoreMetrics.Timer(
                        label: "example_seconds", dimensions: [("endpoint", "one")], factory: metrics)
                    for _ in 0..<1000 {
                        counter.increment()
                        timer.recordNanoseconds(1_000_000)
                    }
                }
            }
        }
        #expect(metrics.text.contains("example_requests_total{endpoint=\"one\",route=\"token\"} 8000\n"))
        #expect(metrics.text.contains("example_seconds_count{endpoint=\"one\"} 8000\n"))
    }
}
