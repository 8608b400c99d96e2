import GatewayCore
import JSON

extension JSONValue {
    /// A YAML document whose scalars are strings (the failsafe schema), except those that are null.
    init(failsafe node: ConfigurationNode) {
        switch node {
        case .mapping(let members, _): self = .object(members.map { Member($0.key, JSONValue(failsafe: $0.value)) })
        case .sequence(let values, _): self = .array(values.map(JSONValue.init(failsafe:)))
        case .scalar(let text, _, _): self = node.isNull ? .null : .string(text)
        }
    }
}
