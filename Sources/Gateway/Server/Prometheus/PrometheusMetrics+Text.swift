import Synchronization

extension PrometheusMetrics {
    /// The media type of ``text``.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All series in the text format 0.0.4 (Prometheus documentation, "Exposition formats"), without families that have
    /// no series.
    var text: String {
        var text = ""
        text.reserveCapacity(lastLength.load(ordering: .relaxed) + 4_096)
        for (family, entries) in ordered {
            var isFirst = true
            let bounds = Self.bounds(of: family)
            for entry in entries {
                guard let sample = entry.series.sample else { continue }
                if isFirst {
                    text += "# HELP \(family.name) \(Self.escaped(family.help, quotes: false))\n"
                    text += "# TYPE \(family.name) \(family.type)\n"
                    isFirst = false
                }
                Self.write(sample, of: family.name, entry.labels, bounds, to: &text)
            }
        }
        lastLength.store(text.utf8.count, ordering: .relaxed)
        return text
    }

    /// The bounds of a histogram as label values.
    private static func bounds(of family: MetricFamily) -> [String] {
        guard case .histogram(let upperBounds) = family.kind else { return [] }
        return (upperBounds + [.infinity]).map(number)
    }

    private static func write(
        _ sample: MetricSample, of name: String, _ labels: String, _ bounds: [String], to text: inout String
    ) {
        switch sample {
        case .count(let count): addLine(name, "", labels, String(count), to: &text)
        case .value(let value): addLine(name, "", labels, number(value), to: &text)
        case .histogram(let counts, let sum):
            var total = 0
            let start = labels.isEmpty ? "\(name)_bucket{le=\"" : "\(name)_bucket{\(labels),le=\""
            for (count, bound) in zip(counts, bounds) {
                total += count
                text += start
                text += bound
                text += "\"} "
                text += String(total)
                text += "\n"
            }
            addLine(name, "_sum", labels, number(sum), to: &text)
            addLine(name, "_count", labels, String(total), to: &text)
        }
    }

    private static func addLine(
        _ name: String, _ suffix: String, _ labels: String, _ value: String, to text: inout String
    ) {
        text += name
        text += suffix
        if !labels.isEmpty {
            text += "{"
            text += labels
            text += "}"
        }
        text += " "
        text += value
        text += "\n"
    }

    private static func number(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), let whole = Int(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
        return value.description
    }

    /// Escapes backslashes and line feeds, and, in label values, quotation marks.
    static func escaped(_ text: String, quotes: Bool) -> String {
        guard
            text.utf8.contains(where: {
                $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\"")
            })
        else { return text }
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
