/// The declaration of a metric: its name, help text, kind and labels.
struct MetricFamily: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case counter
        case gauge
        /// - Parameter upperBounds: the bounds of the buckets in ascending order; the bucket `+Inf` is added.
        case histogram(upperBounds: [Double])
    }

    let name: String
    /// The text of `# HELP`: one sentence.
    let help: String
    let kind: Kind
    /// The label names in the order of the output.
    let labels: [String]

    init(_ name: String, _ kind: Kind, _ help: String, labels: [String]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
    }

    /// The type for `# TYPE`.
    var type: String {
        switch kind {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    /// Returns the label values in order; nil where the dimensions are not exactly the labels of the family.
    func values(of dimensions: [(String, String)]) -> [String]? {
        guard dimensions.count == labels.count else { return nil }
        var values: [String] = []
        for label in labels {
            guard let dimension = dimensions.first(where: { $0.0 == label }) else { return nil }
            values.append(dimension.1)
        }
        return values
    }
}
