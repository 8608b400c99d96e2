import JSON

/// One key of the configuration, declared once: its name, type, default and documentation. The reader, the schema and
/// the reference in docs/configuration.md derive from it.
struct ConfigurationKey<Value>: Sendable {
    let declaration: KeyDeclaration
    /// Reports a value that is invalid, or a required key that is missing.
    let read: @Sendable (ConfigurationValue) -> Value

    /// A key that has its default where it is absent or invalid.
    ///
    /// - Parameters:
    ///   - example: the value in the annotated example, as YAML; nil for the default.
    ///   - documentation: one or more sentences. The first one is the comment in the annotated example.
    init(
        _ name: String, _ type: ConfigurationType<Value>, default fallback: Value, example: String? = nil,
        _ documentation: String
    ) where Value: Sendable {
        declaration = KeyDeclaration(
            name: name, type: type.description, documentation: documentation, fallback: type.json(fallback),
            example: example)
        read = { $0.node == nil ? fallback : type.read($0) ?? fallback }
    }

    /// A key whose value is nil where it is absent or invalid.
    ///
    /// - Parameters:
    ///   - example: the value in the annotated example, as YAML.
    ///   - alternative: the same, commented out, since the example contains a key that excludes this one.
    ///   - usualDefault: the default in the schema, which applies unless another key implies a value.
    ///   - isSecret: whether messages must not quote the value.
    ///   - otherwise: describes the default where it is not a constant.
    init<Wrapped>(
        _ name: String, _ type: ConfigurationType<Wrapped>, isRequired: Bool = false, usualDefault: Wrapped? = nil,
        example: String? = nil, alternative: String? = nil, isSecret: Bool = false, otherwise: String? = nil,
        _ documentation: String
    ) where Value == Wrapped? {
        declaration = KeyDeclaration(
            name: name, type: type.description, documentation: documentation, isRequired: isRequired,
            isSecret: isSecret, fallback: usualDefault.map(type.json), example: example ?? alternative,
            isAlternative: alternative != nil, otherwise: otherwise)
        read = { value in
            guard value.node == nil else { return type.read(value) }
            if isRequired { value.error("missing required key; expected \(type.description.expected)") }
            return nil
        }
    }

    /// A block; empty where the key is absent.
    init<Keys>(
        _ name: String, _ keys: Keys, isRequired: Bool = false, _ documentation: String
    ) where Value == ConfigurationBlock<Keys> {
        let type = ConfigurationType.block(keys)
        declaration = KeyDeclaration(
            name: name, type: type.description, documentation: documentation, isRequired: isRequired)
        read = { ConfigurationBlock($0, keys, type.description.keys) }
    }
}

/// The part of a key that is independent of its value's type.
struct KeyDeclaration: Sendable {
    let name: String
    let type: TypeDescription
    let documentation: String
    var isRequired = false
    var isSecret = false
    /// The default in the schema.
    var fallback: JSONValue?
    var example: String?
    var isAlternative = false
    var otherwise: String?
}

/// The keys that a block may have: the stored properties, in the order of the documentation.
protocol ConfigurationKeys: Sendable {
    /// Whether the block may have other keys, which its plugin checks.
    static var isOpen: Bool { get }
}

extension ConfigurationKeys {
    typealias Key = ConfigurationKey

    static var isOpen: Bool { false }

    var declarations: [KeyDeclaration] {
        Mirror(reflecting: self).children.compactMap { ($0.value as? any DeclaredKey)?.declaration }
    }
}

private protocol DeclaredKey {
    var declaration: KeyDeclaration { get }
}

extension ConfigurationKey: DeclaredKey {}
