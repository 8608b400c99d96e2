extension ConfigurationNode {
    /// What YAML's core schema takes for null; an absent key says the same.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true, _) = self else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// YAML's core schema, and the same words in quotes.
    var boolean: Bool? {
        guard case .scalar(let text, _, _) = self else { return nil }
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return nil
        }
    }

    /// The line of what a path such as `settings.region` leads to, or of the last part of it that is there.
    func line(ofMember path: String) -> Int {
        var node = self
        for name in path.split(separator: ".") {
            guard case .mapping(let members, _) = node, let next = members.first(where: { $0.key == name }) else {
                break
            }
            node = next.value
        }
        return node.line
    }
}
