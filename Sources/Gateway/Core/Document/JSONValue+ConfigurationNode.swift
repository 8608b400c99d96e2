package import JSON

extension JSONValue {
    /// Resolves a node by YAML's core schema. Numbers that are not valid in JSON (`012`) become strings.
    package init(_ node: ConfigurationNode) {
        switch node {
        case .mapping(let members, _): self = .object(members.map { Member($0.key, JSONValue($0.value)) })
        case .sequence(let values, _): self = .array(values.map(JSONValue.init))
        case .scalar(let text, isPlain: false, _): self = .string(text)
        case .scalar(let text, isPlain: true, _):
            if node.isNull {
                self = .null
            } else if let boolean = node.boolean {
                self = .bool(boolean)
            } else if Self.isNumber(text) {
                self = Int(text).map(JSONValue.integer) ?? Double(text).map(JSONValue.number) ?? .string(text)
            } else {
                self = .string(text)
            }
        }
    }

    /// Whether the text is a number of RFC 8259 §6 that a Double can represent.
    private static func isNumber(_ text: String) -> Bool {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard let first = digits.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        let second = digits.utf8.dropFirst().first
        guard first != UInt8(ascii: "0") || second == nil || ".eE".utf8.contains(second ?? 0) else { return false }
        return digits.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || ".eE+-".utf8.contains($0)
        }
            && Double(text)?.isFinite == true
    }
}
