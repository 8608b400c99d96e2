package import CoreMetrics
import Synchronization

/// A backend of swift-metrics whose numbers Prometheus can fetch. It is handed on as a value and never made the
/// process's own.
///
/// There are only the metrics that were declared, with only the labels that they were declared with: a handler for
/// anything else, or for a family that is full, keeps nothing. Asking for the same series again yields the same
/// handler, so that counts go on when the endpoints are mounted anew.
package final class PrometheusMetrics: MetricsFactory {
    /// Most series in a family. Endpoints, routes and outcomes stay far below it; it bounds what a mistake can cost.
    static let maximumSeries = 4096

    let families: [MetricFamily]
    private let series: Mutex<[String: [[String]: any MetricSeries]]> = Mutex([:])

    /// - Parameter families: with different names.
    init(families: [MetricFamily]) { self.families = families }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        find(label, dimensions) { $0 == .counter ? CounterSeries() : nil } ?? NOOPMetricsHandler.instance
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        find(label, dimensions) { $0 == .gauge ? GaugeSeries() : nil } ?? NOOPMetricsHandler.instance
    }

    /// - Parameter aggregate: whether the observations are counted by bucket, or the last one is the value.
    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else {
            return find(label, dimensions) { $0 == .gauge ? GaugeSeries() : nil } ?? NOOPMetricsHandler.instance
        }
        return find(label, dimensions, make: Self.histogram) ?? NOOPMetricsHandler.instance
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        find(label, dimensions, make: Self.histogram) ?? NOOPMetricsHandler.instance
    }

    package func destroyCounter(_ handler: any CounterHandler) { forget(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { forget(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { forget(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { forget(handler) }

    /// Every family with its series, these in the order of their labels' values.
    var current: [(family: MetricFamily, series: [(values: [String], sample: MetricSample)])] {
        let series = series.withLock { $0 }
        return families.map { family in
            let told = (series[family.name] ?? [:]).compactMap { values, series in
                series.sample.map { (values: values, sample: $0) }
            }
            return (family, told.sorted { $0.values.lexicographicallyPrecedes($1.values) })
        }
    }

    private static func histogram(_ kind: MetricFamily.Kind) -> HistogramSeries? {
        guard case .histogram(let upperBounds) = kind else { return nil }
        return HistogramSeries(upperBounds: upperBounds)
    }

    private func find<Series: MetricSeries>(
        _ name: String, _ dimensions: [(String, String)], make: (MetricFamily.Kind) -> Series?
    ) -> Series? {
        guard let family = families.first(where: { $0.name == name }), let values = family.values(of: dimensions) else {
            return nil
        }
        return series.withLock { series in
            if let known = series[name]?[values] { return known as? Series }
            guard (series[name]?.count ?? 0) < Self.maximumSeries, let new = make(family.kind) else { return nil }
            series[name, default: [:]][values] = new
            return new
        }
    }

    private func forget(_ handler: AnyObject) {
        series.withLock { series in
            for (name, known) in series { series[name] = known.filter { $0.value !== handler } }
        }
    }
}
