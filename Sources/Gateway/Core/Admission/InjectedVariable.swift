import JSON

/// An environment variable that is injected into every container that does not set it.
struct InjectedVariable {
    let name: String
    /// The value in the Pod, escaped.
    let value: String
    /// Not given to a container that sets one of these itself.
    let unlessSet: [String]
    let endpoint: String

    /// The element of `env`.
    var json: JSONValue { ["name": .string(name), "value": .string(value)] }

    /// The maximum length in bytes; a longer value may prevent a process from starting.
    static let maximumLength = 32_768
}
