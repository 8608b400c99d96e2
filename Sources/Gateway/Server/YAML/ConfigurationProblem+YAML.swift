import GatewayCore
import YAML

extension ConfigurationProblem {
    /// The problem of a text that is not YAML. The parser's messages contain nothing of the text except names of keys.
    init(_ error: YAMLError) {
        switch error {
        case .syntax(let problem, let context, let line):
            let place = context.map { " (\($0))" } ?? ""
            self.init(.error, at: "", line: line, "invalid YAML: \(problem)\(place); fix the syntax")
        case .severalDocuments(let line):
            self.init(.error, at: "", line: line, "more than one document; expected one")
        case .duplicateKeys(let keys, let line):
            self.init(
                .error, at: "", line: line,
                "duplicate key \(keys.map { "\"\($0)\"" }.joined(separator: ", ")) in one mapping; remove one of them")
        case .unreadable(let problem):
            self.init(.error, at: "", "invalid YAML: \(problem); expected UTF-8 without control characters")
        case .tooDeep(let line):
            self.init(.error, at: "", line: line, YAMLConfigurationSource.tooDeep)
        case .tooManyNodes(let line):
            self.init(.error, at: "", line: line, YAMLConfigurationSource.tooManyNodes)
        case .outOfMemory: self.init(.error, at: "", "invalid YAML; fix the syntax")
        }
    }
}
