/// Text in the native syntax of HCL, the language of Terraform and OpenTofu.
package enum HCL {
    package enum Item: Sendable {
        case attribute(String, Expression)
        case block(String, [Item])
    }

    package indirect enum Expression: Sendable {
        /// A literal string.
        case text(String)
        /// A string whose parts on the left are replaced by the expressions in `${…}` on the right.
        case template(String, [String: String])
        /// As it is.
        case expression(String)
        case list([Expression])
        case map([(String, Expression)])
        case object([(Expression, Expression)])
        case call(String, Expression)
    }

    package static func block(_ type: String, _ labels: [String], _ items: [Item]) -> String {
        lines(([type] + labels.map(quoted)).joined(separator: " "), items).joined(separator: "\n")
    }

    private static func lines(_ header: String, _ items: [Item]) -> [String] {
        ["\(header) {"]
            + items.flatMap { item -> [String] in
                switch item {
                case .attribute(let name, let value): return indented(attribute("\(name) = ", value))
                case .block(let name, let items): return indented(lines(name, items))
                }
            } + ["}"]
    }

    private static func indented(_ lines: [String]) -> [String] { lines.map { "  \($0)" } }

    private static func attribute(_ prefix: String, _ value: Expression) -> [String] {
        var lines = text(value)
        lines[0] = prefix + lines[0]
        return lines
    }

    private static func text(_ value: Expression) -> [String] {
        switch value {
        case .text(let text): return [quoted(text)]
        case .template(let text, let references):
            var quoted = quoted(text)
            for (placeholder, reference) in references {
                quoted = quoted.replacing("$" + placeholder, with: reference)
            }
            return [quoted]
        case .expression(let text): return [text]
        case .list(let values):
            let items = values.map { text($0) }
            guard items.contains(where: { $0.count > 1 }) else {
                return ["[" + items.map { $0[0] }.joined(separator: ", ") + "]"]
            }
            return ["["] + items.flatMap { item in indented(item.dropLast() + ["\(item[item.count - 1]),"]) } + ["]"]
        case .map(let members): return object(members.map { (quoted($0.0), $0.1) })
        case .object(let members): return object(members.map { (text($0.0)[0], $0.1) })
        case .call(let function, let argument):
            var lines = text(argument)
            lines[0] = "\(function)(" + lines[0]
            lines[lines.count - 1] += ")"
            return lines
        }
    }

    private static func object(_ members: [(String, Expression)]) -> [String] {
        guard !members.isEmpty else { return ["{}"] }
        return ["{"] + members.flatMap { indented(attribute("\($0.0) = ", $0.1)) } + ["}"]
    }

    /// A quoted template without interpolation (HCL Native Syntax Specification, "Quoted Templates").
    package static func quoted(_ text: String) -> String {
        var escaped = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"": escaped += "\\\""
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\t": escaped += "\\t"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped.replacing("${", with: "$${").replacing("%{", with: "%%{") + "\""
    }
}
