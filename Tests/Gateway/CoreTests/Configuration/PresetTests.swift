import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("Presets")
struct PresetTests {
    private static let table = """
        {"presets": [{
          "id": "mill", "name": "Mill", "plugin": "oidc", "audiences": ["https://{tenant}.mill.example"],
          "recognizedAudiences": ["https://mill.example"], "algorithms": ["ES256", "RS256"], "label": "mill",
          "annotation": "optional", "tokenVariable": "MILL_TOKEN_FILE",
          "token": {"ttl": 1800, "minimum": 600, "maximum": 3600, "renewBefore": 300, "jti": false},
          "limits": {"audiences": 1, "subjectLength": 100},
          "settings": [
            {"name": "tenant", "description": "the name of the tenant", "example": "acme"},
            {"name": "room", "description": "a room", "example": "room_1", "prefix": "room_", "required": false},
            {"name": "key", "description": "a UUID", "example": "0d2f6a3e-0000-4000-8000-0123456789ab", "form": "uuid",
             "required": false}
          ],
          "variables": {"MILL_TENANT": "{tenant}", "MILL_ROOM": "{room}"},
          "files": [{"name": "mill.json", "contents": "{\\"t\\": \\"{tenant}\\", \\"f\\": \\"{tokenFile}\\"}", "variable": "MILL_FILE"}],
          "conflicts": [{"variables": ["MILL_KEY"], "advice": "static keys win; remove it"}],
          "keyDelay": "1 hour", "trust": "Do this. Then that.", "errors": [], "link": "https://mill.example/docs"
        }]}
        """

    private static func presets(_ text: String = table) throws(PresetTableError) -> [Preset] {
        try PresetTable.read(
            [("presets.json", Array(text.utf8))], plugins: [GeneralProvider.id, ExampleProvider.id])
    }

    private func load(
        _ changes: KeyValuePairs<String, JSONValue>
    ) throws -> (endpoint: EndpointConfiguration?, problems: [String]) {
        let catalog = PluginCatalog(plugins: [GeneralProvider.self, ExampleProvider.self], presets: try Self.presets())
        var members: [JSONValue.Member] = [
            .init("name", "mine"), .init("azRules", [["scope": "filter", "constraint": "(namespace=shop)"]]),
            .init("issuer", ["host": "issuer.example.com"]),
        ]
        for (name, value) in changes { members.append(.init(name, value)) }
        let (configuration, problems) = ExampleDocument.load(
            ["cluster": "test", "sts": ["endpoints": [.object(members)]]], plugins: catalog)
        return (configuration?.endpoints.first, problems)
    }

    @Test("A preset with the settings that only the user knows is enough")
    func complete() throws {
        let (loaded, problems) = try load(["preset": "mill", "settings": ["tenant": "acme"]])
        let endpoint = try #require(loaded, "\(problems)")
        #expect(problems == [])
        #expect(endpoint.endpoint.audiences == ["https://acme.mill.example"])
        #expect(endpoint.endpoint.algorithm == .es256 && endpoint.endpoint.timeToLive == 1_800)
        #expect(!endpoint.token.hasTokenID && endpoint.token.remainingAtRenewal == 300)
        #expect(endpoint.limits.subjectLength == 100)
        let pod = InjectionExample.pod(labels: ["mill"], annotations: [:])
        let outcome = try PodMutation(InjectionExample.policy, endpoints: [endpoint]).patch(pod, namespace: "shop")
        let text = outcome.patch.json.text
        #expect(outcome.warnings == [])
        #expect(text.contains(#"{"name":"MILL_TENANT","value":"acme"}"#) && !text.contains("MILL_ROOM"))
        #expect(text.contains(#"{"name":"MILL_FILE","value":"/var/run/secrets/sts/mine/mill.json"}"#))
        #expect(text.contains(#"\"t\\\":\\\"acme"#))
    }

    @Test("A static key of the Pod that wins over the token is a warning")
    func conflict() throws {
        let endpoint = try #require(try load(["preset": "mill", "settings": ["tenant": "acme"]]).endpoint)
        let pod = InjectionExample.pod(
            labels: ["mill"], annotations: [:],
            spec: [.init("containers", [["name": "app", "env": [["name": "MILL_KEY", "value": "x"]]]])])
        let outcome = try PodMutation(InjectionExample.policy, endpoints: [endpoint]).patch(pod, namespace: "shop")
        #expect(
            outcome.warnings == [
                "the container \"app\" sets MILL_KEY, so the token of mine is not used: static keys win; remove it"
            ])
    }

    @Test(
        "Settings of a preset are checked",
        arguments: [
            (["preset": "mill"], "settings.tenant: missing required key of the preset mill"),
            (["preset": "mill", "settings": ["tenant": "a b"]], "settings.tenant: invalid value"),
            (["preset": "mill", "settings": ["tenant": "a", "room": "9"]], "settings.room: invalid value"),
            (["preset": "mill", "settings": ["tenant": "a", "key": "0d2f"]], "settings.key: invalid value"),
            (["preset": "mill", "settings": ["tenant": "a", "tennant": "b"]], "unknown key \"tennant\""),
            (["preset": "mil"], "preset: unknown preset \"mil\"; expected mill"),
            (["preset": "mill", "plugin": "example", "settings": ["tenant": "a"]], "not the plugin of the preset"),
            (
                ["preset": "mill", "settings": ["tenant": "a"], "token": ["algorithm": "RS512"]],
                "RS512 is not supported by the preset mill; expected ES256 or RS256"
            ),
            (
                ["preset": "mill", "settings": ["tenant": "a"], "audience": ["a", "b"]],
                "2 values; the preset mill supports at most 1"
            ),
            (
                ["preset": "mill", "settings": ["tenant": "a"], "token": ["ttl": "2h"]],
                "2h is not supported by the relying party; expected 10m to 60m"
            ),
        ] as [(KeyValuePairs<String, JSONValue>, String)])
    func settings(changes: KeyValuePairs<String, JSONValue>, problem: String) throws {
        let problems = try load(changes).problems
        #expect(problems.count == 1 && problems[0].hasPrefix("error: ") && problems[0].contains(problem), "\(problems)")
    }

    @Test("An endpoint with a preset's audience has its limits and rules, and a warning")
    func byAudience() throws {
        let (endpoint, problems) = try load(["audience": "https://mill.example"])
        #expect(endpoint?.token.hasTokenID == false && endpoint?.pluginID == GeneralProvider.id)
        #expect(
            problems.count == 1
                && problems[0].hasPrefix("warning: sts.endpoints[0].audience: is that of the preset mill"))
    }

    @Test("An audience that nobody recognizes is that of the general plugin, with a warning")
    func general() throws {
        let (endpoint, problems) = try load(["audience": "https://other.example.org"])
        #expect(endpoint?.pluginID == GeneralProvider.id)
        #expect(problems.count == 1 && problems[0].hasPrefix("warning: sts.endpoints[0].plugin: no plugin recognizes"))
    }

    @Test(
        "An audience within two characters of a known one is an error",
        arguments: ["https://mill.exampl", "https://example.co", "https://exmaple.com", "https://mill.example/."])
    func nearlyKnown(audience: String) throws {
        let (endpoint, problems) = try load(["audience": .string(audience)])
        #expect(endpoint == nil)
        #expect(problems.count == 1 && problems[0].contains("is almost \"https://"), "\(problems)")
        #expect(try load(["audience": .string(audience), "plugin": "oidc"]).problems == [], "a named plugin is meant")
    }

    @Test(
        "An invalid table is reported with the place of each problem",
        arguments: [
            ("\"plugin\": \"oidc\"", "\"plugin\": \"none\"", "presets.mill.plugin: unknown plugin \"none\""),
            ("\"ES256\"", "\"EdDSA\"", "presets.mill.algorithms: unknown algorithm \"EdDSA\""),
            ("{room}", "{rome}", "presets.mill.variables.MILL_ROOM: unknown placeholder {rome}"),
            ("\\\"{tenant}\\\"", "{tenant}", "presets.mill.files.mill.json.contents: not valid JSON"),
            ("\"mill.json\"", "\"token\"", "presets.mill.files.token: invalid name"),
            ("\"optional\"", "\"maybe\"", "presets.mill.annotation: invalid value"),
            ("\"keyDelay\": \"1 hour\",", "", "presets[0].keyDelay: missing required key"),
            ("\"1 hour\"", "\"8 days\"", "presets.mill.keyDelay: out of range; expected 2 seconds to 7 days"),
            ("\"link\"", "\"lnk\": 1, \"link\"", "unknown key \"lnk\"; did you mean \"link\"?"),
            ("\"name\": \"room\"", "\"name\": \"cluster\"", "{cluster} is a placeholder of every endpoint"),
            ("{\"presets\"", "{\"preset\"", "presets: missing required key"),
        ])
    func invalidTable(text: String, replacement: String, problem: String) {
        let error = #expect(throws: PresetTableError.self) {
            try Self.presets(Self.table.replacing(text, with: replacement))
        }
        #expect(
            error?.problems.contains { $0.hasPrefix("presets.json: ") && $0.contains(problem) } == true,
            "\(error.map { "\($0)" } ?? "")")
    }

    @Test(
        "The delay of keys is the default of rotation.propagation, where it is known",
        arguments: [
            ("1 hour", 3_600), ("15 minutes", 900), ("65 minutes: keys are cached for up to 60 minutes", 3_900),
            ("2 days; it is slow", 172_800), ("30 seconds", 600), ("not documented", 7_200), ("5 apples", 7_200),
            ("an hour", 7_200),
        ])
    func keyDelay(text: String, propagation: Int) throws {
        let table = Self.table.replacing("\"1 hour\"", with: "\"\(text)\"")
        let (configuration, problems) = ExampleDocument.load(
            ExampleDocument.document(
                ["cluster": "test"],
                endpoints: [ExampleDocument.endpoint(["preset": "mill", "settings": ["tenant": "acme"]])]),
            plugins: PluginCatalog(
                plugins: [GeneralProvider.self, ExampleProvider.self], presets: try Self.presets(table)))
        #expect(configuration?.endpoints.first?.rotation.propagation == propagation, "\(problems)")
    }

    @Test("Two tables with one id are an error")
    func duplicate() {
        let table = ("presets.json", Array(Self.table.utf8))
        let error = #expect(throws: PresetTableError.self) {
            try PresetTable.read([("built-in", table.1), table], plugins: [GeneralProvider.id])
        }
        #expect(error?.problems == ["presets.json: presets.mill: duplicate id; use a different id"])
    }
}

/// The plugin with the ID of the general one.
struct GeneralProvider: ProviderPlugin {
    static let id: PluginID = PluginID("oidc")
    static let defaults = EndpointDefaults(
        injector: .init(label: "oidc", tokenVariable: "OIDC_TOKEN_FILE", valueVariable: nil),
        algorithms: [.rs256, .rs512, .es256])

    init(endpoint: Endpoint, settings: NoSettings, context: PluginContext) throws(SettingsErrors) {}

    func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection { PodInjection() }
}
