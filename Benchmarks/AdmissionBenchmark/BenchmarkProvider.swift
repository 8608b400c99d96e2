import GatewayCore
import GatewayPluginAPI
import JOSE
import Logging

/// A provider plugin that adds one variable.
struct BenchmarkProvider: ProviderPlugin {
    static let id: PluginID = PluginID("benchmark")
    static let defaults = EndpointDefaults(
        audiences: ["https://example.com"],
        injector: .init(label: "role", tokenVariable: "TOKEN_FILE", valueVariable: "ROLE"), algorithms: [.es256])

    init(endpoint: Endpoint, settings: NoSettings, context: PluginContext) throws(SettingsErrors) {}

    func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        PodInjection(
            value: request.annotation,
            environment: [.init("SESSION", "\(request.namespace).\(request.serviceAccountName)")])
    }

    /// The policy of a webhook for one endpoint.
    static func mutation() throws -> PodMutation {
        let endpoint = node([
            ("name", text("role")), ("plugin", text("benchmark")), ("path", text("/role")),
            ("issuer", node([("host", text("issuer.example.com"))])),
            (
                "azRules",
                .sequence([node([("scope", text("filter")), ("constraint", text("(namespace=shop)"))])], line: 0)
            ),
        ])
        let document = node([
            ("cluster", text("benchmark")), ("sts", node([("endpoints", .sequence([endpoint], line: 0))])),
        ])
        let (configuration, problems) = ConfigurationLoader.load(
            document, catalog: PluginCatalog(plugins: [BenchmarkProvider.self]),
            context: ConfigurationContext(namespace: "sts", logger: Logger(label: "benchmark")))
        guard let configuration else { throw Unusable(problems: problems) }
        let policy = InjectionPolicy(
            prefix: "example.com", server: "https://sts-gateway.sts.svc:8443",
            sidecar: .init(image: "example.com/sts-sidecar:1", mode: .native),
            trust: String(repeating: "x", count: 2_000), audience: "sts-gateway.sts.svc")
        return PodMutation(policy, endpoints: configuration.endpoints)
    }

    struct Unusable: Error {
        let problems: [ConfigurationProblem]
    }

    private static func text(_ text: String) -> ConfigurationNode { .scalar(text, isPlain: true, line: 0) }

    private static func node(_ members: [(String, ConfigurationNode)]) -> ConfigurationNode {
        .mapping(members.map { .init(key: $0.0, value: $0.1) }, line: 0)
    }
}
