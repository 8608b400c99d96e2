import FoundationEssentials

extension StatusReport {
    /// The report for a terminal: plain text without control characters except line feeds.
    package var text: String {
        var lines = [
            "STS Gateway \(version), cluster \(cluster): \(health.rawValue)",
            "replica \(replica), \(isLeading ? "leads" : "does not lead"), since \(StatusTime.text(started)), now "
                + StatusTime.text(time),
        ]
        for check in checks { lines.append("check \(check.name): \(check.problem.line)") }
        for endpoint in endpoints.sortedByHealth { lines += [""] + endpoint.lines }
        lines += ["", "calls of the last hour: \(Self.totals(exchanges))"]
        lines.append("admission reviews of the last hour: \(Self.totals(reviews))")
        for pod in uninjected ?? [] where pod.count > 0 {
            lines.append("\(pod.count) labeled Pods run without tokens of \(pod.endpoint) (\(pod.reason))")
        }
        lines += ["", "leader: \(replicas.leader ?? "not known")"]
        for replica in replicas.all {
            lines.append(
                "  \(replica.name)  \(replica.isReady ? "ready" : "not ready")\(replica.isThis ? ", this one" : "")")
        }
        if let problem = replicas.problem { lines.append("  \(problem)") }
        if !failures.isEmpty { lines += ["", "last warnings and errors"] }
        for failure in failures.prefix(10) { lines.append("  \(failure.line)") }
        return lines.map(Self.printable).joined(separator: "\n") + "\n"
    }

    private static func totals(_ series: [OutcomeSeries]) -> String {
        let totals = series.filter { $0.total > 0 }.map { "\($0.total) \($0.outcome)" }
        return totals.isEmpty ? "none" : totals.joined(separator: ", ")
    }

    /// Replaces what controls a terminal or reorders the text around it.
    package static func printable(_ line: String) -> String {
        guard line.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7F }) else { return line }
        return String(String.UnicodeScalarView(line.unicodeScalars.map { $0.isHarmless ? $0 : "\u{FFFD}" }))
    }
}

extension [StatusReport.Endpoint] {
    /// Those that need attention first.
    var sortedByHealth: [StatusReport.Endpoint] {
        filter { $0.health == .failed } + filter { $0.health == .warning } + filter { $0.health == .ok }
    }
}

extension StatusReport.Problem {
    /// Reason, code and since when.
    fileprivate var line: String {
        text + (code.map { " (\($0))" } ?? "") + (since.map { ", since \(StatusTime.text($0))" } ?? "")
    }
}

extension StatusReport.Failure {
    fileprivate var line: String {
        let place = endpoint.map { " \($0):" } ?? ""
        let cause = reason.map { ": \($0)" } ?? ""
        let repetition = count > 1 ? ", \(count) times since \(StatusTime.text(first))" : ""
        return "\(StatusTime.text(last))\(place) \(message)\(cause)\(code.map { " (\($0))" } ?? "")\(repetition)"
    }
}

extension StatusReport.Endpoint {
    fileprivate var lines: [String] {
        var lines = ["\(name): \(health.rawValue)"]
        for problem in problems { lines.append("  ! \(problem.line)") }
        for key in keys {
            let until = key.until.map { " (\(StatusTime.text($0)))" } ?? ""
            lines.append(
                "  \(key.id)  \(key.algorithm)  \(key.state)\(key.isStandby ? ", standby" : ""): \(key.next)\(until)")
        }
        lines.append("  next: \(next)")
        if let publication {
            if let success = publication.lastSuccess { lines.append("  published at \(StatusTime.text(success))") }
            if let reading = publication.lastReading {
                lines.append("  read back at \(StatusTime.text(reading)): \(publication.verdict ?? "assumed visible")")
            }
        }
        if !calls.isEmpty {
            lines.append("  calls: " + calls.map { "\($0.total) \($0.outcome)" }.joined(separator: ", "))
        }
        return lines
    }
}
