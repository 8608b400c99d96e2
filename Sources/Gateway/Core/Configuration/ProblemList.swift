/// The problems found so far, while one configuration is read.
final class ProblemList {
    private(set) var problems: [ConfigurationProblem] = []

    var hasErrors: Bool { problems.contains { $0.severity == .error } }

    /// In the order of the file; those of no line first.
    var sorted: [ConfigurationProblem] {
        problems.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
    }

    func error(at keyPath: String, line: Int, _ message: String) {
        problems.append(ConfigurationProblem(.error, at: keyPath, line: line, message))
    }

    func warning(at keyPath: String, line: Int, _ message: String) {
        problems.append(ConfigurationProblem(.warning, at: keyPath, line: line, message))
    }

    func unknownKey(at keyPath: String, _ name: String, line: Int, known: [String]) {
        let path = keyPath.isEmpty ? name : "\(keyPath).\(name)"
        if let nearest = SpellingSuggestion.nearest(to: name, among: known) {
            error(at: path, line: line, #"is an unknown key; did you mean "\#(nearest)"?"#)
        } else if known.isEmpty {
            error(at: path, line: line, "is an unknown key; there are none here, so leave it out")
        } else {
            error(at: path, line: line, "is an unknown key; the keys here are \(known.joined(separator: ", "))")
        }
    }
}

/// How a message shows what the file says.
enum QuotedValue {
    /// The value in quotes on one line, or words in its place where the key is one that holds a secret.
    static func text(_ value: String, at keyPath: String) -> String {
        guard !isSecret(keyPath) else { return "the value (not shown)" }
        var shown = ""
        for scalar in value.unicodeScalars.prefix(80) {
            shown += scalar.properties.generalCategory == .control ? "\u{FFFD}" : String(scalar)
        }
        return value.unicodeScalars.count > 80 ? "\"\(shown)…\"" : "\"\(shown)\""
    }

    static func text(_ node: ConfigurationNode, at keyPath: String) -> String {
        switch node {
        case .scalar(let value, _, _): text(value, at: keyPath)
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// By the names of the key and of the blocks that it is in. The gateway itself has no secret in its configuration;
    /// a plugin's settings might.
    static func isSecret(_ keyPath: String) -> Bool {
        keyPath.split(separator: ".").contains { part in
            let name = part.lowercased().filter { $0 != "_" && $0 != "-" }
            return ["password", "passphrase", "secret", "privatekey", "accesskey", "apikey"].contains(
                where: name.contains)
                || name.hasSuffix("token") && !["token", "subjecttoken"].contains(name)
        } || ["settings.token", "publish.token"].contains(where: keyPath.hasSuffix)
    }
}
