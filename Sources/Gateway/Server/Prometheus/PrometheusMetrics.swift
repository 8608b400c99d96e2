package import CoreMetrics
import Synchronization

/// A backend of swift-metrics for Prometheus. It is passed as a value and not bootstrapped globally.
///
/// Only declared metrics with their declared labels are recorded: a handler for anything else, or for a full family,
/// has no effect. The same series always has the same handler, so that counters continue when a configuration is
/// reloaded.
package final class PrometheusMetrics: MetricsFactory {
    /// The maximum number of series in a family, as protection against unbounded labels.
    static let maximumSeries = 4096

    let families: [MetricFamily]
    private let series: Mutex<[String: [[String]: any MetricSeries]]> = Mutex([:])

    /// - Parameter families: declarations with unique names.
    init(families: [MetricFamily]) { self.families = families }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        find(label, dimensions) { $0 == .counter ? CounterSeries() : nil } ?? NOOPMetricsHandler.instance
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        find(label, dimensions) { $0 == .gauge ? GaugeSeries() : nil } ?? NOOPMetricsHandler.instance
    }

    /// - Parameter aggregate: whether the recorder is a histogram or a gauge.
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

    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    /// All families with their series, in the order of their label values.
    var current: [(family: MetricFamily, series: [(values: [String], sample: MetricSample)])] {
        let series = series.withLock { $0 }
        return families.map { family in
            let samples = (series[family.name] ?? [:]).compactMap { values, series in
                series.sample.map { (values: values, sample: $0) }
            }
            return (family, samples.sorted { $0.values.lexicographicallyPrecedes($1.values) })
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
            if let existing = series[name]?[values] { return existing as? Series }
            guard (series[name]?.count ?? 0) < Self.maximumSeries, let new = make(family.kind) else { return nil }
            series[name, default: [:]][values] = new
            return new
        }
    }

    private func remove(_ handler: AnyObject) {
        series.withLock { series in
            for (name, handlers) in series { series[name] = handlers.filter { $0.value !== handler } }
        }
    }
}
