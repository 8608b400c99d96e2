import JSON

/// The JSON Schema (draft 2020-12) of `gateway.yaml`, for editors. It derives from the declarations of the keys. Only the
/// loader checks relations of keys and the settings of plugins.
package enum ConfigurationSchema {
    /// The schema as indented JSON without a final newline.
    package static let text: String = {
        var members: [JSONValue.Member] = [
            .init("$schema", "https://json-schema.org/draft/2020-12/schema"),
            .init("title", "STS Gateway configuration"),
        ]
        members += GatewayKeys.type.description.schema.members
        let ignored = GatewayKeys.ignored.sorted()
        members.append(
            .init("patternProperties", .object([.init("^(\(ignored.joined(separator: "|")))$", true)])))
        return JSONValue.object(members).indentedText()
    }()

    /// The key path of every declared key, such as `sts.endpoints[].issuer.host`.
    static let keyPaths: [String] = GatewayKeys.type.description.keyPaths(at: "")
}

extension TypeDescription {
    fileprivate func keyPaths(at place: String) -> [String] {
        keys.flatMap { key in
            let path = place.isEmpty ? key.name : "\(place).\(key.name)"
            return [path] + key.type.keyPaths(at: path + key.type.pathSuffix)
        }
    }
}

extension JSONValue {
    /// The schema of a mapping with these keys.
    static func block(_ keys: [KeyDeclaration], isOpen: Bool) -> JSONValue {
        var members: [Member] = [.init("type", "object")]
        let required = keys.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { members.append(.init("required", .array(required))) }
        members.append(.init("properties", .object(keys.map { Member($0.name, $0.schema) })))
        if !isOpen { members.append(.init("additionalProperties", false)) }
        return .object(members)
    }

    fileprivate var members: [Member] {
        if case .object(let members) = self { members } else { [] }
    }

    /// Indented by two spaces; empty lists and objects, and lists of scalars, are on one line.
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

extension KeyDeclaration {
    fileprivate var schema: JSONValue {
        let text = documentation + (otherwise.map { " Default: \($0)." } ?? "")
        var members = [JSONValue.Member("description", .string(text))]
        if let fallback { members.append(.init("default", fallback)) }
        return .object(members + type.schema.members)
    }
}
