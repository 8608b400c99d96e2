import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import JSON
import YAML

/// Converts the nodes of one document to JSON.
struct KubernetesNodeReader {
    private(set) var warnings: [ConfigurationProblem] = []
    private var budget = YAMLConfigurationSource.maximumNodes

    mutating func value(_ node: YAMLNode, at keyPath: String, depth: Int) throws(ConfigurationProblem) -> JSONValue {
        budget -= 1
        guard budget >= 0 else {
            throw error(node, keyPath, YAMLConfigurationSource.tooManyNodes)
        }
        guard depth <= YAMLConfigurationSource.maximumDepth else {
            throw error(node, keyPath, YAMLConfigurationSource.tooDeep)
        }
        switch node {
        case .scalar(let scalar): return try self.scalar(scalar, at: keyPath)
        case .sequence(let sequence):
            var values: [JSONValue] = []
            for (index, value) in sequence.elements.enumerated() {
                values.append(try self.value(value, at: "\(keyPath)[\(index)]", depth: depth + 1))
            }
            return .array(values)
        case .mapping(let mapping):
            var members = Members()
            try read(mapping, into: &members, at: keyPath, depth: depth)
            return .object(members.list)
        }
    }

    /// Adds the members in their order: a merge key overrides those before it, as it does for `kubectl`.
    private mutating func read(
        _ mapping: YAMLNode.Mapping, into members: inout Members, at keyPath: String, depth: Int
    ) throws(ConfigurationProblem) {
        var own: Set<ExactString> = []
        for (key, value) in mapping.entries.map({ ($0.key, $0.value) }) {
            if case .scalar(let scalar) = key, scalar.text == "<<", scalar.isPlain {
                try merge(value, into: &members, at: keyPath, depth: depth + 1)
                continue
            }
            let name = try self.name(key, at: keyPath)
            let path = keyPath.isEmpty ? name : "\(keyPath).\(name)"
            if !own.insert(ExactString(name)).inserted {
                warnings.append(
                    ConfigurationProblem(
                        .warning, at: path, line: key.mark.line, "duplicate key; the last value is used"))
            }
            members.set(name, try self.value(value, at: path, depth: depth + 1))
        }
    }

    /// Of several mappings the first one counts.
    private mutating func merge(
        _ node: YAMLNode, into members: inout Members, at keyPath: String, depth: Int
    ) throws(ConfigurationProblem) {
        guard depth <= YAMLConfigurationSource.maximumDepth else {
            throw error(node, keyPath, YAMLConfigurationSource.tooDeep)
        }
        var mappings = [node]
        if case .sequence(let sequence) = node { mappings = sequence.elements }
        for one in mappings.reversed() {
            guard case .mapping(let mapping) = one else {
                throw error(node, keyPath, "invalid merge key; expected a mapping or a list of mappings")
            }
            budget -= 1
            try read(mapping, into: &members, at: keyPath, depth: depth)
        }
    }

    private func name(_ key: YAMLNode, at keyPath: String) throws(ConfigurationProblem) -> String {
        guard case .scalar(let scalar) = key else {
            throw error(key, keyPath, "invalid key (a list or a mapping); expected a string")
        }
        guard scalar.isPlain else { return scalar.text }
        guard let name = KubernetesScalar.memberName(plain: scalar.text) else {
            throw error(key, keyPath, "invalid key \(Quotation.of(scalar.text)); write it in quotes")
        }
        return name
    }

    private func scalar(_ scalar: YAMLNode.Scalar, at keyPath: String) throws(ConfigurationProblem) -> JSONValue {
        if scalar.tag == "tag:yaml.org,2002:binary" {
            let base64 = scalar.text.filter { !$0.isWhitespace }
            guard let data = Data(base64Encoded: base64), let text = String(validating: data, as: UTF8.self) else {
                throw error(.scalar(scalar), keyPath, "invalid value with the tag !!binary; expected UTF-8 in base64")
            }
            return .string(text)
        }
        guard isPlain(scalar) else { return .string(scalar.text) }
        switch KubernetesScalar(plain: scalar.text) {
        case .value(let value): return value
        case .notJSON:
            throw error(
                .scalar(scalar), keyPath, "\(scalar.text) is not supported, because JSON has no such number; quote it"
            )
        }
    }

    /// Whether the value is resolved by its text: not if it is quoted or has a tag.
    private func isPlain(_ scalar: YAMLNode.Scalar) -> Bool {
        let tags = [
            "", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:null",
        ]
        let tag = scalar.tag
        guard tags.contains(tag) else { return false }
        return scalar.isPlain || !tag.isEmpty
    }

    private func error(_ node: YAMLNode, _ keyPath: String, _ message: String) -> ConfigurationProblem {
        ConfigurationProblem(.error, at: keyPath, line: node.mark.line, message)
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
