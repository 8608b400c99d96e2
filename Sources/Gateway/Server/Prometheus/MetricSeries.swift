import CoreMetrics
import Synchronization

/// The name of a series: its family, and one value for each label in their order.
struct SeriesName: Sendable {
    let family: String
    let values: [String]
}

/// The value of one series.
protocol MetricSeries: AnyObject, Sendable {
    var name: SeriesName { get }
    /// nil where there is no value yet.
    var sample: MetricSample? { get }
}

/// The value of a series at one time.
enum MetricSample: Sendable, Equatable {
    case count(Int)
    case value(Double)
    /// Observations by bucket, not cumulative; the last bucket is `+Inf`.
    case histogram(counts: [Int], sum: Double)
}

/// A counter. Its series starts with 0, so that `rate` includes the first increment.
final class CounterSeries: MetricSeries, CounterHandler {
    let name: SeriesName
    private let count = Atomic<Int>(0)

    init(_ name: SeriesName) { self.name = name }

    var sample: MetricSample? { .count(count.load(ordering: .relaxed)) }

    /// - Parameter amount: ignored where it is less than 1.
    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        count.wrappingAdd(Int(amount), ordering: .relaxed)
    }

    func reset() { count.store(0, ordering: .relaxed) }
}

/// A gauge. A series whose value is NaN is not exposed.
final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
    let name: SeriesName
    private let bits = Atomic<UInt64>(Double.nan.bitPattern)

    init(_ name: SeriesName) { self.name = name }

    var sample: MetricSample? {
        let value = Double(bitPattern: bits.load(ordering: .relaxed))
        return value.isNaN ? nil : .value(value)
    }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }
    func increment(by amount: Double) { add(amount) }
    func decrement(by amount: Double) { add(-amount) }

    private func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let value = Double(bitPattern: old)
            let new = (value.isNaN ? 0 : value) + amount
            let result = bits.weakCompareExchange(expected: old, desired: new.bitPattern, ordering: .relaxed)
            if result.exchanged { return }
            old = result.original
        }
    }
}

/// A histogram with fixed buckets. Its series starts with the first observation.
final class HistogramSeries: MetricSeries, TimerHandler, RecorderHandler {
    private struct State {
        var counts: [Int]
        var sum = 0.0
        var isEmpty = true
    }

    let name: SeriesName
    private let upperBounds: [Double]
    private let state: Mutex<State>

    init(_ name: SeriesName, upperBounds: [Double]) {
        self.name = name
        self.upperBounds = upperBounds
        state = Mutex(State(counts: Array(repeating: 0, count: upperBounds.count + 1)))
    }

    var sample: MetricSample? {
        state.withLock { $0.isEmpty ? nil : .histogram(counts: $0.counts, sum: $0.sum) }
    }

    /// Records seconds, the base unit of Prometheus.
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    /// Bounds are inclusive.
    func record(_ value: Double) {
        guard !value.isNaN else { return }
        let bucket = upperBounds.firstIndex { value <= $0 } ?? upperBounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
            state.isEmpty = false
        }
    }
}
