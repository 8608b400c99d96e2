package import GatewayCore
import YAML

/// Reads the text of a configuration, which is one YAML document; JSON is YAML, too.
///
/// Not supported: several documents, tags, merge keys (`<<`), keys that are not scalars, duplicate keys, and aliases or
/// nesting beyond the limits.
package enum YAMLConfigurationSource {
    /// Bytes of UTF-8.
    package static let maximumLength = 4 << 20
    /// Values, including those that aliases repeat: fifty of each of 5,000 endpoints.
    static let maximumNodes = 250_000
    static let maximumDepth = 64
    static let tooManyNodes = "the file has more than \(maximumNodes) values, including aliases; use fewer aliases"
    static let tooDeep = "nested more than \(maximumDepth) deep; reduce the nesting"

    /// Reads bytes, which must be UTF-8 (YAML 1.2 §5.2 allows others; nothing else is supported).
    ///
    /// - Throws: the first problem, with its line.
    package static func parse(utf8 bytes: [UInt8]) throws(ConfigurationProblem) -> ConfigurationNode {
        try parse(text(utf8: bytes))
    }

    /// Returns the text of a file.
    ///
    /// - Throws: the line of the first byte that is not UTF-8.
    package static func text(utf8 bytes: [UInt8]) throws(ConfigurationProblem) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let index = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
        throw ConfigurationProblem(.error, at: "", line: index + 1, "invalid UTF-8; save the file in UTF-8")
    }

    /// Parses a text. An empty text is an empty mapping. A byte order mark at the start is skipped (YAML 1.2 §5.2).
    ///
    /// - Throws: the first problem, with its line.
    package static func parse(_ text: String) throws(ConfigurationProblem) -> ConfigurationNode {
        guard text.utf8.count <= maximumLength else {
            throw ConfigurationProblem(.error, at: "", "the file is larger than 4 MiB; reduce it")
        }
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        let root: YAMLNode?
        do throws(YAMLError) {
            root = try YAMLNode.parse(text)
        } catch {
            throw ConfigurationProblem(error)
        }
        guard let root else { return .mapping([], line: 1) }
        var budget = maximumNodes
        return try node(root, at: "", depth: 1, &budget)
    }

    /// - Parameter keyLine: the line of the key whose value this is, which is reported in problems.
    private static func node(
        _ node: YAMLNode, at keyPath: String, keyLine: Int? = nil, depth: Int, _ budget: inout Int
    ) throws(ConfigurationProblem) -> ConfigurationNode {
        let line = keyLine ?? node.mark.line
        func problem(_ message: String) -> ConfigurationProblem {
            ConfigurationProblem(.error, at: keyPath, line: line, message)
        }
        budget -= 1
        guard budget >= 0 else { throw problem(tooManyNodes) }
        guard depth <= maximumDepth else { throw problem(tooDeep) }
        switch node {
        case .scalar(let scalar):
            try rejectTag(scalar.tag, at: keyPath, line)
            return .scalar(scalar.text, isPlain: scalar.isPlain && scalar.tag != YAMLNode.stringTag, line: line)
        case .sequence(let sequence):
            try rejectTag(sequence.tag, at: keyPath, line)
            var values: [ConfigurationNode] = []
            for (index, value) in sequence.elements.enumerated() {
                values.append(try self.node(value, at: "\(keyPath)[\(index)]", depth: depth + 1, &budget))
            }
            return .sequence(values, line: line)
        case .mapping(let mapping):
            try rejectTag(mapping.tag, at: keyPath, line)
            var members: [ConfigurationNode.Member] = []
            var names: Set<String> = []
            for (key, value) in mapping.entries.map({ ($0.key, $0.value) }) {
                let name = try self.name(key, at: keyPath, of: &names)
                let path = keyPath.isEmpty ? name : "\(keyPath).\(name)"
                let member = try self.node(value, at: path, keyLine: key.mark.line, depth: depth + 1, &budget)
                members.append(.init(key: name, value: member))
            }
            return .mapping(members, line: line)
        }
    }

    private static func name(
        _ key: YAMLNode, at keyPath: String, of names: inout Set<String>
    ) throws(ConfigurationProblem) -> String {
        let line = key.mark.line
        guard case .scalar(let scalar) = key else {
            throw ConfigurationProblem(
                .error, at: keyPath, line: line, "invalid key; expected a scalar")
        }
        let path = keyPath.isEmpty ? scalar.text : "\(keyPath).\(scalar.text)"
        try rejectTag(scalar.tag, at: path, line)
        guard scalar.text != "<<" || !scalar.isPlain else {
            throw ConfigurationProblem(.error, at: path, line: line, "merge keys are not supported; write the keys")
        }
        guard names.insert(scalar.text).inserted else { throw ConfigurationProblem(duplicateAt: path, line: line) }
        return scalar.text
    }

    /// Rejects tags other than those of the failsafe schema, such as `!!str`.
    private static func rejectTag(_ tag: String, at keyPath: String, _ line: Int) throws(ConfigurationProblem) {
        guard !supportedTags.contains(tag) else { return }
        throw ConfigurationProblem(
            .error, at: keyPath, line: line, "the tag \(tag) is not supported; remove it")
    }

    private static let supportedTags = ["", "!", YAMLNode.stringTag, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"]
}

extension ConfigurationProblem {
    fileprivate init(duplicateAt keyPath: String, line: Int) {
        self.init(.error, at: keyPath, line: line, "duplicate; remove one of them")
    }
}
