import JSON

/// The findings of one run.
struct DoctorReport: Sendable {
    private(set) var findings: [DoctorFinding] = []

    mutating func add(_ added: [DoctorFinding]) { findings += added }

    func count(_ status: DoctorFinding.Status) -> Int { findings.count { $0.status == status } }

    /// 0 where all is well, 1 for warnings only, 2 for failures. What was not checked does not count.
    var exitStatus: Int32 { count(.failed) > 0 ? 2 : count(.warning) > 0 ? 1 : 0 }

    private var summary: String {
        let counts: [DoctorFinding.Status] = [.failed, .warning, .ok, .notChecked]
        return counts.map { "\(count($0)) \($0.rawValue)" }.joined(separator: ", ")
    }

    /// The report for people.
    var text: String {
        var lines: [String] = []
        for section in DoctorFinding.Section.allCases {
            let own = findings.filter { $0.section == section }
            guard !own.isEmpty else { continue }
            lines.append(section.rawValue)
            for finding in own {
                for (index, line) in finding.lines.enumerated() {
                    let status = finding.status.rawValue
                    let column = index == 0 ? status : ""
                    let padding = String(repeating: " ", count: max(1, 13 - column.utf8.count))
                    lines.append("  \(column)\(padding)\(index == 0 ? "" : "  ")\(line)")
                }
            }
        }
        return (lines + [summary]).joined(separator: "\n") + "\n"
    }

    var json: JSONValue {
        [
            "findings": .array(findings.map(\.json)),
            "summary": [
                "failed": .integer(count(.failed)), "warning": .integer(count(.warning)),
                "ok": .integer(count(.ok)), "not_checked": .integer(count(.notChecked)),
            ],
        ]
    }
}
