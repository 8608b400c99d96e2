import JSON
import KubernetesAPI

/// The type of a key: how its value is read, and how messages, schema and reference describe it.
struct ConfigurationType<Value>: Sendable {
    let description: TypeDescription
    /// The value as JSON, for the schema's default.
    var json: @Sendable (Value) -> JSONValue = { _ in .null }
    /// Reads the value. Reports an invalid one and returns nil.
    let read: @Sendable (ConfigurationValue) -> Value?
}

/// The part of a type that is independent of its values.
struct TypeDescription: Sendable {
    /// Completes "expected …".
    let expected: String
    /// JSON Schema, draft 2020-12.
    let schema: JSONValue
    /// The keys of the block, or of each block of the list.
    var keys: [KeyDeclaration] = []
    var isList = false
    /// A name of the example, where it is a mapping of names to blocks.
    var exampleName: String?

    /// What follows the key in the path of a key of an inner block.
    var pathSuffix: String { isList ? "[]" : exampleName != nil ? ".*" : "" }
}

extension ConfigurationType {
    static func scalar(
        _ expected: String, schema: JSONValue, json: @escaping @Sendable (Value) -> JSONValue = { _ in .null },
        parse: @escaping @Sendable (String) -> Value?
    ) -> Self {
        Self(description: TypeDescription(expected: expected, schema: schema), json: json) { value in
            guard case .scalar(let text, _, _) = value.node, let parsed = parse(text) else {
                return value.invalid(expected: expected)
            }
            return parsed
        }
    }
}

extension ConfigurationType where Value == String {
    static var string: Self { string("a single-line string") { _ in true } }

    /// A string without control characters.
    ///
    /// - Parameter pattern: a regular expression of the schema (ECMA-262).
    static func string(
        _ expected: String, pattern: String? = nil, where isValid: @escaping @Sendable (String) -> Bool
    ) -> Self {
        scalar(expected, schema: .string(pattern: pattern), json: JSONValue.string) { text in
            let isProper = !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
            return isProper && isValid(text) ? text : nil
        }
    }

    /// An RFC 1123 label, such as the name of a Service or container.
    static func label(pattern: String?) -> Self {
        string(#"1 to 63 lowercase letters, digits and "-", no "-" at either end"#, pattern: pattern) {
            KubernetesName.isLabel($0)
        }
    }
}

extension ConfigurationType where Value == Bool {
    static var boolean: Self {
        scalar("true or false", schema: ["type": "boolean"], json: JSONValue.bool) {
            ConfigurationNode.scalar($0, isPlain: true, line: 0).boolean
        }
    }
}

extension ConfigurationType where Value == Int {
    static func integer(_ range: ClosedRange<Int>, multipleOf factor: Int = 1) -> Self {
        let kind = factor == 1 ? "an integer" : "a multiple of \(factor)"
        return scalar(
            "\(kind) from \(range.lowerBound) to \(range.upperBound)",
            schema: [
                "type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound),
            ],
            json: JSONValue.integer
        ) { text in
            Int(text).flatMap { range.contains($0) && $0.isMultiple(of: factor) ? $0 : nil }
        }
    }
}

extension ConfigurationType where Value == ConfigurationDuration {
    static func duration(_ range: ClosedRange<ConfigurationDuration>) -> Self {
        scalar(
            "a duration from \(range.lowerBound) to \(range.upperBound)",
            schema: ["type": ["string", "integer"], "pattern": "^[0-9]{1,10}[smhd]?$"],
            json: { .string($0.description) }
        ) { text in
            ConfigurationDuration(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ConfigurationType where Value: RawRepresentable<String> & CaseIterable & Sendable {
    /// One of the raw values.
    static func choice(of _: Value.Type) -> Self {
        let words = Value.allCases.map(\.rawValue)
        return scalar(
            words.asChoice, schema: ["enum": .array(words.map(JSONValue.string))], json: { .string($0.rawValue) },
            parse: { Value(rawValue: $0) })
    }
}

extension ConfigurationType where Value == ListenAddress {
    static func address(pattern: String?) -> Self {
        scalar(
            "ADDRESS:PORT, such as 0.0.0.0:8443 or [::]:8443", schema: .string(pattern: pattern),
            json: { .string($0.description) }, parse: { ListenAddress($0) })
    }
}

extension JSONValue {
    static func string(pattern: String?) -> JSONValue {
        pattern.map { ["type": "string", "pattern": .string($0)] } ?? ["type": "string"]
    }
}

extension [String] {
    /// `a, b or c`.
    var asChoice: String {
        guard let last, count > 1 else { return joined() }
        return dropLast().joined(separator: ", ") + " or " + last
    }
}
