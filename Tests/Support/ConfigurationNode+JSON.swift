package import GatewayCore
package import JSON

extension ConfigurationNode {
    /// A configuration written as a literal in a test.
    package init(_ value: JSONValue) {
        switch value {
        case .null: self = .scalar("", isPlain: true, line: 0)
        case .bool(let flag): self = .scalar(flag ? "true" : "false", isPlain: true, line: 0)
        case .integer(let number): self = .scalar(String(number), isPlain: true, line: 0)
        case .number(let number): self = .scalar(String(number), isPlain: true, line: 0)
        case .string(let text): self = .scalar(text, isPlain: false, line: 0)
        case .array(let values): self = .sequence(values.map { ConfigurationNode($0) }, line: 0)
        case .object(let members):
            self = .mapping(members.map { Member(key: $0.name, value: ConfigurationNode($0.value)) }, line: 0)
        }
    }
}
