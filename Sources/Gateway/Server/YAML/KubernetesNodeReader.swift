import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import JSON
import Yams

/// Converts the nodes of one document to JSON.
struct KubernetesNodeReader {
    /// What ``DuplicateKeys`` has put before keys that appear again.
    let duplicateMarker: String?
    private(set) var warnings: [ConfigurationProblem] = []
    private var budget = YAMLConfigurationSource.maximumNodes

    init(duplicateMarker: String?) { self.duplicateMarker = duplicateMarker }

    mutating func value(_ node: Node, at keyPath: String, depth: Int) throws(ConfigurationProblem) -> JSONValue {
        budget -= 1
        guard budget >= 0 else {
            throw error(
                node, keyPath,
                "the file has more than \(YAMLConfigurationSource.maximumNodes) values, including aliases; "
                    + "use fewer aliases"
            )
        }
        guard depth <= YAMLConfigurationSource.maximumDepth else {
            throw error(
                node, keyPath, "nested more than \(YAMLConfigurationSource.maximumDepth) deep; reduce the nesting")
        }
        switch node {
        case .scalar(let scalar): return try self.scalar(scalar, at: keyPath)
        case .sequence(let sequence):
            var values: [JSONValue] = []
            for (index, value) in sequence.enumerated() {
                values.append(try self.value(value, at: "\(keyPath)[\(index)]", depth: depth + 1))
            }
            return .array(values)
        case .mapping(let mapping):
            var members = Members()
            try read(mapping, into: &members, at: keyPath, depth: depth)
            return .object(members.list)
        case .alias: throw error(node, keyPath, "undefined alias; write the value")
        }
    }

    /// Adds the members in their order: a merge key overrides those before it, as it does for `kubectl`.
    private mutating func read(
        _ mapping: Node.Mapping, into members: inout Members, at keyPath: String, depth: Int
    ) throws(ConfigurationProblem) {
        var own: Set<ExactString> = []
        for (key, value) in mapping {
            if case .scalar(let scalar) = key, scalar.string == "<<", scalar.style == .plain {
                try merge(value, into: &members, at: keyPath, depth: depth + 1)
                continue
            }
            let name = try self.name(key, at: keyPath)
            let path = keyPath.isEmpty ? name : "\(keyPath).\(name)"
            if !own.insert(ExactString(name)).inserted {
                warnings.append(
                    ConfigurationProblem(
                        .warning, at: path, line: key.mark?.line ?? 0, "duplicate key; the last value is used"))
            }
            members.set(name, try self.value(value, at: path, depth: depth + 1))
        }
    }

    /// Of several mappings the first one counts.
    private mutating func merge(
        _ node: Node, into members: inout Members, at keyPath: String, depth: Int
    ) throws(ConfigurationProblem) {
        guard depth <= YAMLConfigurationSource.maximumDepth else {
            throw error(
                node, keyPath, "nested more than \(YAMLConfigurationSource.maximumDepth) deep; reduce the nesting")
        }
        let mappings = node.sequence.map { Array($0) } ?? [node]
        for one in mappings.reversed() {
            guard case .mapping(let mapping) = one else {
                throw error(node, keyPath, "invalid merge key; expected a mapping or a list of mappings")
            }
            budget -= 1
            try read(mapping, into: &members, at: keyPath, depth: depth)
        }
    }

    private func name(_ key: Node, at keyPath: String) throws(ConfigurationProblem) -> String {
        guard case .scalar(let scalar) = key else {
            throw error(key, keyPath, "invalid key (a list or a mapping); expected a string")
        }
        let text = duplicateMarker.flatMap { DuplicateKeys.original(scalar.string, marker: $0) } ?? scalar.string
        // The parser compares keys, and sets the tag !!str of those without one.
        guard scalar.style == .plain else { return text }
        guard let name = KubernetesScalar.memberName(plain: text) else {
            throw error(key, keyPath, "invalid key \(Quotation.of(text)); write it in quotes")
        }
        return name
    }

    private func scalar(_ scalar: Node.Scalar, at keyPath: String) throws(ConfigurationProblem) -> JSONValue {
        if scalar.tag.description == "tag:yaml.org,2002:binary" {
            let base64 = scalar.string.filter { !$0.isWhitespace }
            guard let data = Data(base64Encoded: base64), let text = String(validating: data, as: UTF8.self) else {
                throw error(.scalar(scalar), keyPath, "invalid value with the tag !!binary; expected UTF-8 in base64")
            }
            return .string(text)
        }
        guard isPlain(scalar) else { return .string(scalar.string) }
        switch KubernetesScalar(plain: scalar.string) {
        case .value(let value): return value
        case .notJSON:
            throw error(
                .scalar(scalar), keyPath, "\(scalar.string) is not supported, because JSON has no such number; quote it"
            )
        }
    }

    /// Whether the value is resolved by its text: not if it is quoted or has a tag.
    private func isPlain(_ scalar: Node.Scalar) -> Bool {
        let tags = [
            "", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:null",
        ]
        let tag = scalar.tag.description
        guard tags.contains(tag) else { return false }
        return scalar.style == .plain || scalar.style == .any || !tag.isEmpty
    }

    private func error(_ node: Node, _ keyPath: String, _ message: String) -> ConfigurationProblem {
        ConfigurationProblem(.error, at: keyPath, line: node.mark?.line ?? 0, message)
    }
}

/// The members of an object, of which a later one replaces an earlier one of the same name.
private struct Members {
    private(set) var list: [JSONValue.Member] = []
    private var positions: [ExactString: Int] = [:]

    mutating func set(_ name: String, _ value: JSONValue) {
        if let position = positions[ExactString(name)] {
            list[position] = JSONValue.Member(name, value)
        } else {
            positions[ExactString(name)] = list.count
            list.append(JSONValue.Member(name, value))
        }
    }
}
