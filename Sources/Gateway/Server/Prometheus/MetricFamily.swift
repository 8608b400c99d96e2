/// One metric as it is declared: its name, what it says, and the labels that its series differ by.
struct MetricFamily: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case counter
        case gauge
        /// - Parameter upperBounds: of the buckets, in rising order; the one without a bound is added.
        case histogram(upperBounds: [Double])
    }

    let name: String
    /// One sentence, for `# HELP`.
    let help: String
    let kind: Kind
    /// Names of the labels, in the order in which they are written.
    let labels: [String]

    init(_ name: String, _ kind: Kind, _ help: String, labels: [String]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
    }

    /// What `# TYPE` says.
    var type: String {
        switch kind {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    /// The values of the labels in their order; nil where the dimensions are not exactly the family's labels.
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
