import JSON

extension ConfigurationNode {
    /// Whether YAML's core schema resolves the scalar to null, which is equivalent to an absent key.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true, _) = self else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// The boolean of YAML's core schema; quoted words are accepted as well.
    var boolean: Bool? {
        guard case .scalar(let text, _, _) = self else { return nil }
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return nil
        }
    }

    /// The line of the value at a path such as `settings.region`, or of the last existing part of the path.
    func line(ofMember path: String) -> Int {
        var node = self
        for name in path.split(separator: ".") {
            guard case .mapping(let members, _) = node, let next = members.first(where: { $0.key.isExactly(name) })
            else {
                break
            }
            node = next.value
        }
        return node.line
    }
}
