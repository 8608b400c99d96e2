/// Collects the problems of a configuration.
final class ProblemList {
    private(set) var problems: [ConfigurationProblem] = []
    /// The problems reported so far: a key that is read twice reports its problem once.
    private var seen: Set<ConfigurationProblem> = []

    var hasErrors: Bool { problems.contains { $0.severity == .error } }

    /// The problems in the order of the file; those without a line first.
    var sorted: [ConfigurationProblem] {
        problems.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
    }

    func error(at keyPath: String, line: Int, _ message: String) {
        add(ConfigurationProblem(.error, at: keyPath, line: line, message))
    }

    func warning(at keyPath: String, line: Int, _ message: String) {
        add(ConfigurationProblem(.warning, at: keyPath, line: line, message))
    }

    private func add(_ problem: ConfigurationProblem) {
        if seen.insert(problem).inserted { problems.append(problem) }
    }

    func unknownKey(at keyPath: String, _ name: String, line: Int, known: [String]) {
        let path = keyPath.isEmpty ? name : "\(keyPath).\(name)"
        let hint =
            if let nearest = SpellingSuggestion.nearest(to: name, among: known) {
                "did you mean \"\(nearest)\"?"
            } else {
                known.isEmpty ? "no keys are supported here" : "expected \(known.asChoice)"
            }
        error(at: path, line: line, "unknown key \(QuotedValue.text(name, at: "")); \(hint)")
    }
}

/// Quotes values of the file in messages.
enum QuotedValue {
    static let redacted = "(redacted)"

    /// The value in quotes on one line; ``redacted`` if the key contains a secret.
    static func text(_ value: String, at keyPath: String) -> String {
        guard !isSecret(keyPath) else { return redacted }
        var shown = ""
        for scalar in value.unicodeScalars.prefix(80) {
            shown += scalar.properties.generalCategory == .control ? "\u{FFFD}" : String(scalar)
        }
        return value.unicodeScalars.count > 80 ? "\"\(shown)…\"" : "\"\(shown)\""
    }

    static func text(_ node: ConfigurationNode, at keyPath: String) -> String {
        switch node {
        case .scalar(let value, _, _): text(value, at: keyPath)
        case .sequence: "(a list)"
        case .mapping: "(a mapping)"
        }
    }

    /// Whether the name of the key or of a block that contains it suggests a secret. Keys of a plugin's settings have no
    /// declaration.
    static func isSecret(_ keyPath: String) -> Bool {
        keyPath.split(separator: ".").contains { part in
            let name = part.lowercased().filter { $0 != "_" && $0 != "-" }
            return ["password", "passphrase", "secret", "privatekey", "accesskey", "apikey"].contains(
                where: name.contains)
                || name.hasSuffix("token") && !["token", "subjecttoken"].contains(name)
        } || ["settings.token", "publish.token"].contains(where: keyPath.hasSuffix)
    }
}
