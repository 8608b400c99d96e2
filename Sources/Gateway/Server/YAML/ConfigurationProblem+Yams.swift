import GatewayCore
import Yams

extension ConfigurationProblem {
    /// The problem of a text that is not YAML. The parser's messages contain nothing of the text except names of keys.
    init(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            if problem == "but found another document" {
                self.init(.error, at: "", line: mark.line, "more than one document; expected one")
            } else {
                let place = context.map { " (\($0.text))" } ?? ""
                self.init(.error, at: "", line: mark.line, "invalid YAML: \(problem)\(place); fix the syntax")
            }
        case .duplicatedKeysInMapping(let keys, let context):
            self.init(
                .error, at: "", line: context.mark.line,
                "duplicate key \(keys.map { "\"\($0)\"" }.joined(separator: ", ")) in one mapping; remove one of them")
        case .reader(let problem, _, _, _):
            self.init(.error, at: "", "invalid YAML: \(problem); expected UTF-8 without control characters")
        default: self.init(.error, at: "", "invalid YAML; fix the syntax")
        }
    }
}
