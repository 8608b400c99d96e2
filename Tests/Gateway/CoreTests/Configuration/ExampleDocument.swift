import GatewayCore
import GatewayTestSupport
import JSON
import Logging

/// A valid document, which tests change.
enum ExampleDocument {
    /// An endpoint of the example provider with members replaced; `null` removes one.
    static func endpoint(_ changes: KeyValuePairs<String, JSONValue> = [:]) -> JSONValue {
        merge(
            [
                .init("name", "example"),
                .init("azRules", [["scope": "filter", "constraint": "(namespace=myns)"]]),
                .init("issuer", ["host": "issuer.example.com"]),
            ], changes)
    }

    static func document(
        _ changes: KeyValuePairs<String, JSONValue> = [:], endpoints: [JSONValue] = [endpoint()]
    ) -> JSONValue {
        merge([.init("sts", ["endpoints": .array(endpoints)])], changes)
    }

    /// - Returns: the configuration, and each problem as `severity: key path: message`.
    static func load(
        _ document: JSONValue, plugins: PluginCatalog = PluginCatalog(plugins: [ExampleProvider.self]),
        namespace: String? = nil
    ) -> (configuration: GatewayConfiguration?, problems: [String]) {
        let (configuration, problems) = ConfigurationLoader.load(
            ConfigurationNode(document), catalog: plugins,
            context: ConfigurationContext(namespace: namespace, logger: Logger(label: "test")))
        return (configuration, problems.map { "\($0.severity): \($0)" })
    }

    private static func merge(
        _ members: [JSONValue.Member], _ changes: KeyValuePairs<String, JSONValue>
    ) -> JSONValue {
        var members = members
        for (name, value) in changes {
            members.removeAll { $0.name == name }
            if value != .null { members.append(.init(name, value)) }
        }
        return .object(members)
    }
}
