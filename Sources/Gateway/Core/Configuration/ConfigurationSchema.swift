import JSON

/// The JSON Schema (draft 2020-12) of `gateway.yaml`, for editors. It is made of the tables that the loader reads by,
/// and is the looser of the two: what only shows between keys, or in a plugin's settings, the loader alone checks.
package enum ConfigurationSchema {
    /// Indented, ends without a line end.
    package static let text: String = {
        var members: [JSONValue.Member] = [
            .init("$schema", "https://json-schema.org/draft/2020-12/schema"),
            .init("title", "STS Gateway configuration"),
        ]
        if case .object(let schema) = ConfigurationBlock.gateway.schema { members += schema }
        // Keys of OpenUnison's values.yaml, which the loader passes over.
        let ignored = ConfigurationBlock.ignoredOpenUnisonKeys.sorted()
        members.append(
            .init("patternProperties", .object([.init("^(\(ignored.joined(separator: "|")))$", true)])))
        return JSONValue.object(members).indentedText()
    }()

    /// Every key of the tables, by its path, such as `sts.endpoints[].issuer.host`.
    static var keyPaths: [String] { paths(of: .gateway, at: "") }

    private static func paths(of block: ConfigurationBlock, at place: String) -> [String] {
        block.keys.flatMap { key -> [String] in
            let path = place.isEmpty ? key.name : "\(place).\(key.name)"
            return switch key.shape {
            case .block(let inner), .choiceOrBlock(_, let inner): [path] + paths(of: inner, at: path)
            case .list(of: .block(let inner)): [path] + paths(of: inner, at: path + "[]")
            default: [path]
            }
        }
    }
}

extension ConfigurationBlock {
    fileprivate var schema: JSONValue {
        var members: [JSONValue.Member] = [.init("type", "object")]
        let required = keys.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { members.append(.init("required", .array(required))) }
        if !keys.isEmpty {
            members.append(.init("properties", .object(keys.map { JSONValue.Member($0.name, $0.schema) })))
        }
        if !isOpen { members.append(.init("additionalProperties", false)) }
        return .object(members)
    }
}

extension ConfigurationKey {
    fileprivate var schema: JSONValue {
        var members = [JSONValue.Member("description", .string(summary))]
        if let fallback {
            let node = ConfigurationNode.scalar(fallback, isPlain: true, line: 0)
            members.append(.init("default", fallback == "[self]" ? ["self"] : JSONValue(node)))
        }
        if case .object(let schema) = shape.schema { members += schema }
        return .object(members)
    }
}

extension ConfigurationShape {
    fileprivate var schema: JSONValue {
        switch self {
        case .text(let pattern): pattern.map { ["type": "string", "pattern": .string($0)] } ?? ["type": "string"]
        case .boolean: ["type": "boolean"]
        case .integer(let range):
            ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
        case .duration: ["type": ["string", "integer"], "pattern": "^[0-9]{1,10}[smhd]?$"]
        case .choice(let words): ["enum": .array(words.map(JSONValue.string))]
        case .textOrList:
            ["anyOf": [["type": "string"], ["type": "array", "items": ["type": "string"], "minItems": 1]]]
        case .list(let item): ["type": "array", "items": item.schema]
        case .block(let block): block.schema
        case .choiceOrBlock(let words, let block):
            ["anyOf": [["enum": .array(words.map(JSONValue.string))], block.schema]]
        case .foreignMapping: ["type": "object"]
        case .attributes: ["anyOf": [["type": "array", "items": ["type": "string"]], Self.claims.schema]]
        case .claims: ["type": "object"]
        }
    }
}

extension JSONValue {
    /// On many lines, two spaces a level; empty lists and objects, and lists of scalars, stay on one.
    fileprivate func indentedText(_ indentation: String = "") -> String {
        let inner = indentation + "  "
        switch self {
        case .object(let members) where !members.isEmpty:
            let lines = members.map { "\(inner)\(JSONValue.string($0.name).text): \($0.value.indentedText(inner))" }
            return "{\n\(lines.joined(separator: ",\n"))\n\(indentation)}"
        case .array(let values) where values.contains(where: \.isNested):
            let lines = values.map { inner + $0.indentedText(inner) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(indentation)]"
        case .array(let values): return "[\(values.map(\.text).joined(separator: ", "))]"
        default: return text
        }
    }

    private var isNested: Bool {
        switch self {
        case .array, .object: true
        default: false
        }
    }
}
