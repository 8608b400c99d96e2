import GatewayCore
import JSON

extension AccessExplanation {
    /// The human-readable explanation: a line for each rule and, indented, for each of its filters, and the decision.
    /// Each line starts with the result.
    var text: String {
        var lines: [String] = []
        for (index, rule) in rules.enumerated() {
            lines.append(
                "\(Self.column(rule.result)) azRules[\(index)] \(rule.rule)\(rule.rule.mode == .audit ? ", mode audit" : "")"
            )
            for part in rule.filter?.parts ?? [] { Self.append(part, depth: 1, to: &lines) }
        }
        switch decision {
        case .allowed(let index): lines.append("allowed by azRules[\(index)]")
        case .denied: lines.append(rules.isEmpty ? "denied: azRules is empty" : "denied: no rule matched")
        }
        return lines.joined(separator: "\n")
    }

    private static func append(_ filter: Filter, depth: Int, to lines: inout [String]) {
        lines.append(String(repeating: "  ", count: depth) + "\(column(filter.result)) \(filter.text)")
        for part in filter.parts { append(part, depth: depth + 1, to: &lines) }
    }

    private static func column(_ result: FilterResult) -> String {
        let width = 9
        return result.rawValue + String(repeating: " ", count: max(0, width - result.rawValue.utf8.count))
    }

    /// The explanation in JSON.
    var json: JSONValue {
        var members: [JSONValue.Member] = []
        switch decision {
        case .allowed(let index):
            members = [.init("decision", "allowed"), .init("rule", .integer(index))]
        case .denied: members = [.init("decision", "denied")]
        }
        members.append(.init("rules", .array(rules.map(Self.json))))
        return .object(members)
    }

    private static func json(_ rule: Rule) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("rule", .string(rule.rule.description)), .init("result", .string(rule.result.rawValue)),
        ]
        if rule.rule.mode == .audit { members.append(.init("mode", "audit")) }
        if let filter = rule.filter { members.append(.init("filter", json(filter))) }
        return .object(members)
    }

    private static func json(_ filter: Filter) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("text", .string(filter.text)), .init("result", .string(filter.result.rawValue)),
        ]
        if !filter.parts.isEmpty { members.append(.init("parts", .array(filter.parts.map(json)))) }
        return .object(members)
    }
}
