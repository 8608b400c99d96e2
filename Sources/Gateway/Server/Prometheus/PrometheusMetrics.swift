package import CoreMetrics
import Synchronization

/// A backend of swift-metrics for Prometheus. It is passed as a value and not bootstrapped globally.
///
/// Only declared metrics with their declared labels are recorded: a handler for anything else, or for a full family,
/// has no effect. The same series always has the same handler, so that counters continue when a configuration is
/// reloaded.
package final class PrometheusMetrics: MetricsFactory {
    /// The maximum number of series in a family, as protection against unbounded labels.
    /// An endpoint has up to 30 series of `sts_token_request_duration_seconds`, one for each outcome that it has had.
    static let maximumSeries = 65_536

    let families: [MetricFamily]
    /// The length of the last text, in bytes.
    let lastLength = Atomic<Int>(0)
    private let series: Mutex<[String: SeriesOfFamily]> = Mutex([:])

    /// - Parameter families: declarations with unique names.
    init(families: [MetricFamily]) { self.families = families }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        find(label, dimensions) { $0 == .counter ? CounterSeries($1) : nil } ?? NOOPMetricsHandler.instance
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        find(label, dimensions) { $0 == .gauge ? GaugeSeries($1) : nil } ?? NOOPMetricsHandler.instance
    }

    /// - Parameter aggregate: whether the recorder is a histogram or a gauge.
    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else {
            return find(label, dimensions) { $0 == .gauge ? GaugeSeries($1) : nil } ?? NOOPMetricsHandler.instance
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

    /// All families with their series, also those without a value, in the order of their label values.
    var ordered: [(family: MetricFamily, entries: [SeriesOfFamily.Entry])] {
        series.withLock { series in
            families.map { ($0, series[$0.name]?.ordered(labels: $0.labels) ?? []) }
        }
    }

    private static func histogram(_ kind: MetricFamily.Kind, _ name: SeriesName) -> HistogramSeries? {
        guard case .histogram(let upperBounds) = kind else { return nil }
        return HistogramSeries(name, upperBounds: upperBounds)
    }

    private func find<Series: MetricSeries>(
        _ name: String, _ dimensions: [(String, String)], make: (MetricFamily.Kind, SeriesName) -> Series?
    ) -> Series? {
        guard let family = families.first(where: { $0.name == name }), let values = family.values(of: dimensions) else {
            return nil
        }
        return series.withLock { series in
            if let existing = series[name]?[values] { return existing as? Series }
            guard (series[name]?.count ?? 0) < Self.maximumSeries,
                let new = make(family.kind, SeriesName(family: name, values: values))
            else { return nil }
            series[name, default: SeriesOfFamily()][values] = new
            return new
        }
    }

    private func remove(_ handler: AnyObject) {
        // A handler without effect has no series, and one that was removed may have a successor of its name.
        guard let removed = handler as? any MetricSeries else { return }
        let name = removed.name
        series.withLock { series in
            if series[name.family]?[name.values] === removed { series[name.family]?[name.values] = nil }
        }
    }
}
