/// The series of a metric family. Their order and the text of their labels are computed once for many scrapes.
struct SeriesOfFamily: Sendable {
    struct Entry: Sendable {
        /// The label values in the order of the family's labels.
        let values: [String]
        /// The labels of the text format without braces, such as `endpoint="one",state="active"`.
        let labels: String
        let series: any MetricSeries
    }

    private var series: [[String]: any MetricSeries] = [:]
    /// nil where the series have changed since.
    private var entries: [Entry]?

    var count: Int { series.count }

    subscript(_ values: [String]) -> (any MetricSeries)? {
        get { series[values] }
        set {
            series[values] = newValue
            entries = nil
        }
    }

    /// - Parameter labels: the names of the labels.
    mutating func ordered(labels: [String]) -> [Entry] {
        if let entries { return entries }
        let ordered = series.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { values, series in
            Entry(
                values: values,
                labels: zip(labels, values).map { "\($0)=\"\(PrometheusMetrics.escaped($1, quotes: true))\"" }
                    .joined(separator: ","),
                series: series)
        }
        entries = ordered
        return ordered
    }
}
