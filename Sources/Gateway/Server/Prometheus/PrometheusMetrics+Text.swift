extension PrometheusMetrics {
    /// The media type of ``text``.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All series in the text format 0.0.4 (Prometheus documentation, "Exposition formats"), without families that have
    /// no series.
    var text: String {
        var text = ""
        for (family, series) in current where !series.isEmpty {
            text += "# HELP \(family.name) \(Self.escaped(family.help, quotes: false))\n"
            text += "# TYPE \(family.name) \(family.type)\n"
            for (values, sample) in series {
                let labels = zip(family.labels, values).map { "\($0)=\"\(Self.escaped($1, quotes: true))\"" }
                Self.write(sample, of: family, labels, to: &text)
            }
        }
        return text
    }

    private static func write(
        _ sample: MetricSample, of family: MetricFamily, _ labels: [String], to text: inout String
    ) {
        switch sample {
        case .count(let count): text += line(family.name, labels, String(count))
        case .value(let value): text += line(family.name, labels, number(value))
        case .histogram(let counts, let sum):
            guard case .histogram(let upperBounds) = family.kind else { return }
            var total = 0
            for (count, bound) in zip(counts, upperBounds + [.infinity]) {
                total += count
                text += line("\(family.name)_bucket", labels + ["le=\"\(number(bound))\""], String(total))
            }
            text += line("\(family.name)_sum", labels, number(sum))
            text += line("\(family.name)_count", labels, String(total))
        }
    }

    private static func line(_ name: String, _ labels: [String], _ value: String) -> String {
        labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels.joined(separator: ","))} \(value)\n"
    }

    private static func number(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), let whole = Int(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
        return value.description
    }

    /// Escapes backslashes and line feeds, and, in label values, quotation marks.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += #"\\"#
            case "\n": escaped += #"\n"#
            case "\"" where quotes: escaped += #"\""#
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
