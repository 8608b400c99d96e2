import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import JSON
import Testing

/// A plugin with settings of every type.
private struct ElaborateProvider: ProviderPlugin {
    static let id: PluginID = PluginID("elaborate")
    static let defaults = EndpointDefaults(
        audiences: ["elaborate"], injector: .init(label: "e", tokenVariable: "E", valueVariable: nil),
        algorithms: [.es256], limits: RelyingPartyLimits(audiences: 1, audienceLength: 9, issuerLength: 30))

    struct Settings: Decodable, Sendable {
        struct Region: Decodable, Sendable, Equatable {
            enum Kind: String, Decodable, Sendable { case near, far }
            let name: String
            let kind: Kind?
        }
        let regions: [Region]?
        let count: UInt8?
        let ratio: Double?
        let isOn: Bool?
        let labels: [String: String]?
        let clientSecret: Int?
    }

    let settings: Settings

    init(endpoint: Endpoint, settings: Settings, context: PluginContext) throws(SettingsErrors) {
        self.settings = settings
    }

    func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        PodInjection(value: request.annotation)
    }
}

/// A plugin without settings.
private struct PlainProvider: ProviderPlugin {
    static let id: PluginID = PluginID("plain")
    static let defaults = ElaborateProvider.defaults
    init(endpoint: Endpoint, settings: NoSettings, context: PluginContext) throws(SettingsErrors) {}
    func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        PodInjection(value: request.annotation)
    }
}

@Suite("A plugin's settings")
struct PluginSettingsTests {
    private func load(
        _ plugin: JSONValue, _ settings: JSONValue, changes: [JSONValue.Member] = []
    ) -> (configuration: GatewayConfiguration?, problems: [String]) {
        guard
            case .object(let members) = ExampleDocument.endpoint([
                "name": "one", "plugin": plugin, "settings": settings, "issuer": ["host": "example.com"],
            ])
        else { return (nil, []) }
        return ExampleDocument.load(
            ExampleDocument.document(endpoints: [.object(members + changes)]),
            plugins: PluginCatalog(plugins: [ElaborateProvider.self, PlainProvider.self]))
    }

    @Test("are decoded to the plugin's types")
    func decoded() throws {
        let (configuration, problems) = load(
            "elaborate",
            [
                "regions": [["name": "a"], ["name": "b", "kind": "far"]], "count": 255, "ratio": .number(0.5),
                "isOn": "true", "labels": ["x": "y"],
            ])
        #expect(problems == [])
        let provider = try #require(configuration?.endpoints.first?.provider as? ElaborateProvider)
        #expect(provider.settings.regions == [.init(name: "a", kind: nil), .init(name: "b", kind: .far)])
        #expect(provider.settings.count == 255)
        #expect(provider.settings.ratio == 0.5)
        #expect(provider.settings.isOn == true)
        #expect(provider.settings.labels == ["x": "y"])
    }

    static let refusals: [(JSONValue, String)] = [
        (["count": 256], #"count: invalid value "256"; expected an integer from 0 to 255"#),
        (["count": true], #"count: invalid value "true"; expected an integer from 0 to 255"#),
        (["regions": [["kind": "near"]]], "regions[0].name: missing required key"),
        (
            ["regions": [["name": "a", "kind": "wide"]]],
            "regions[0].kind: invalid value; expected one that the plugin's page lists"
        ),
        (["regions": "a"], #"regions: invalid value "a"; expected a list"#),
        (["regions": [["name": "a", "nam": "b"]]], #"regions[0].nam: unknown key "nam"; did you mean "name"?"#),
        (["isOn": "on"], #"isOn: invalid value "on"; expected true or false"#),
        (
            ["clientSecret": "hunter2"],
            "clientSecret: invalid value (redacted); expected an integer from -9223372036854775808 to 9223372036854775807"
        ),
    ]

    @Test("are rejected if they are invalid, with their location", arguments: refusals)
    func refused(_ settings: JSONValue, _ problem: String) {
        let (configuration, problems) = load("elaborate", settings)
        #expect(configuration == nil)
        #expect(problems == ["error: sts.endpoints[0].settings.\(problem)"])
    }

    @Test("are rejected if the plugin has none")
    func none() {
        #expect(load("plain", [:]).problems == [])
        #expect(
            load("plain", ["x": 1]).problems == [
                #"error: sts.endpoints[0].settings.x: unknown key "x"; no keys are supported here"#
            ])
        #expect(
            load("plain", "x").problems == [#"error: sts.endpoints[0].settings: invalid value "x"; expected a mapping"#]
        )
    }

    @Test("conform to the limits of the plugin's relying party")
    func limits() {
        let problems = load(
            "plain", [:],
            changes: [
                .init("audience", ["a", "0123456789"]), .init("token", ["algorithm": "RS256"]),
                .init("publish", ["plugin": "nobody", "probe": ["enabled": "x", "proxy": "ftp://a"]]),
            ]
        ).problems
        #expect(
            problems == [
                "error: sts.endpoints[0].audience: 2 values; the plugin plain supports at most 1",
                #"error: sts.endpoints[0].audience: "0123456789" has 10 bytes; the plugin plain supports at most 9"#,
                "error: sts.endpoints[0].token.algorithm: RS256 is not supported by the plugin plain; expected ES256",
                #"error: sts.endpoints[0].publish.probe.enabled: invalid value "x"; expected true or false"#,
                "error: sts.endpoints[0].publish.probe.proxy: invalid value (redacted); expected http://HOST:PORT",
                #"error: sts.endpoints[0].publish.plugin: unknown plugin "nobody"; expected elaborate or plain"#,
            ])
    }
}
