import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayServer
import JSON
import Logging
import Testing

@testable import Gateway
@testable import GatewayApp
@testable import GatewayCore

@Suite("The built-in presets")
struct BuiltInPresetTests {
    private static func presets() throws -> [Preset] {
        try PresetTable.read([(BuiltInPresets.name, BuiltInPresets.table)], plugins: BuiltInPlugins.all.map { $0.id })
    }

    private func load(_ yaml: String) throws -> (endpoint: EndpointConfiguration?, problems: [ConfigurationProblem]) {
        let (configuration, problems) = ConfigurationLoader.load(
            try YAMLConfigurationSource.parse(yaml),
            catalog: PluginCatalog(plugins: BuiltInPlugins.all, presets: try Self.presets()),
            context: ConfigurationContext(namespace: "sts", logger: Logger(label: "test")))
        return (configuration?.endpoints.first, problems)
    }

    /// The endpoint of `sts-gateway presets show`, as it is printed.
    private func shown(_ preset: Preset) -> String {
        let lines = PresetPage(preset).text.split(separator: "\n")
        return lines.filter { $0.hasPrefix("    ") }.map { $0.dropFirst(4) }.joined(separator: "\n")
    }

    private func injected(_ endpoint: EndpointConfiguration) throws -> JSONValue {
        let policy = InjectionPolicy(
            prefix: "tremolo.io", server: "https://sts-gateway.sts.svc:8443",
            sidecar: .init(image: "example.com/sts-sidecar:1", mode: .native), audience: "sts-gateway.sts.svc")
        let label = JSONValue.object([.init("tremolo.io/\(endpoint.injector.label)", "true")])
        let pod: JSONValue = ["metadata": ["labels": label], "spec": ["containers": [["name": "app"]]]]
        let outcome = try PodMutation(policy, endpoints: [endpoint]).patch(pod, namespace: "myns")
        return try #require(outcome.patch.applied(to: pod))
    }

    @Test("There is one for each relying party that needs no calls")
    func list() throws {
        let ids = try Self.presets().map(\.id)
        #expect(Set(["anthropic", "openai", "snowflake", "databricks"]).isSubset(of: ids))
        #expect(ids.sorted() == ids.sorted().reduce(into: []) { if $0.last != $1 { $0.append($1) } })
    }

    @Test("The plugin that hands over the keys of the preset anthropic has its token rules and limits")
    func anthropic() throws {
        let preset = try #require(try Self.presets().first { $0.id == "anthropic" })
        let plugin = try #require(BuiltInPlugins.all.first { $0.id == PluginID("anthropic") }).defaults
        #expect(plugin.audiences == [] && plugin.algorithms == preset.defaults.algorithms)
        #expect(plugin.limits == preset.defaults.limits && plugin.tokens == preset.defaults.tokens)
        #expect(plugin.injector.label == preset.defaults.injector.label)
        #expect(plugin.injector.tokenVariable == preset.defaults.injector.tokenVariable)
        let (endpoint, problems) = try load(
            shown(preset)
                + """

                    publish:
                      plugin: anthropic
                      federationIssuer: fdis_01abc
                      adminEndpoint: admin
                      federationRule: fdrl_02abc
                      organization: 6f1e2d3c-0000-4000-8000-0123456789ab
                  - name: admin
                    preset: anthropic
                    issuer: {host: issuer.example.com, path: /admin}
                    azRules: []
                    injector: {label: claude-admin}
                    settings:
                      organization: 6f1e2d3c-0000-4000-8000-0123456789ab
                      federationRule: fdrl_02abc
                      serviceAccount: svac_02abc
                """)
        #expect(problems.filter { $0.severity == .error } == [])
        #expect(endpoint?.publisher?.plan.keyHandOver?.tokenEndpoint == "admin")
        #expect(endpoint?.rotation.propagation == 900)
    }

    @Test("The endpoint that `presets show` prints loads, and a Pod gets all variables and files of the preset")
    func shown() throws {
        for preset in try Self.presets() {
            #expect(checkConformance(of: preset.defaults) == [], "\(preset.id)")
            let (loaded, problems) = try load(shown(preset))
            #expect(problems == [], "\(preset.id)")
            let endpoint = try #require(loaded, "\(preset.id)")
            let pod = try injected(endpoint)
            let env = try #require(pod["spec"]?["containers"]?.elementList?.first?["env"]?.elementList)
            let names = Set(env.compactMap { $0["name"]?.stringValue })
            #expect(names == Set(endpoint.injector.variableNames), "\(preset.id)")
            #expect(!env.contains { $0["value"]?.stringValue?.contains("{") == true }, "\(preset.id)")
            let sidecar = pod["spec"]?["initContainers"]?.elementList?.first?["env"]?.elementList
            let files = sidecar?.first { $0["name"] == "STS_FILES" }?["value"]?.stringValue
            let rendered = try files.map { try JSONValue(parsing: Array($0.utf8)) }
            #expect(rendered?.memberList.count ?? 0 == preset.files?.count ?? 0, "\(preset.id)")
        }
    }

    @Test("Values that a preset's Pod gets are those of the settings")
    func values() throws {
        let endpoint = try #require(
            try load(
                """
                sts:
                  endpoints:
                  - name: claude
                    preset: anthropic
                    issuer: {host: issuer.example.com}
                    azRules: [{scope: filter, constraint: "(namespace=myns)"}]
                    settings:
                      organization: 6f1e2d3c-0000-4000-8000-0123456789ab
                      federationRule: fdrl_1
                      serviceAccount: svac_1
                """
            ).endpoint)
        let env = try injected(endpoint)["spec"]?["containers"]?.elementList?.first?["env"]
        #expect(
            env == [
                ["name": "ANTHROPIC_IDENTITY_TOKEN_FILE", "value": "/var/run/secrets/sts/claude/token"],
                ["name": "ANTHROPIC_FEDERATION_RULE_ID", "value": "fdrl_1"],
                ["name": "ANTHROPIC_ORGANIZATION_ID", "value": "6f1e2d3c-0000-4000-8000-0123456789ab"],
                ["name": "ANTHROPIC_SERVICE_ACCOUNT_ID", "value": "svac_1"],
            ])
        let token = try #require(SampleToken.json(of: endpoint, at: Date(timeIntervalSince1970: 0)))
        #expect(token.claims["jti"] == nil && token.claims["aud"] == "https://api.anthropic.com")
    }

    @Test("OpenUnison's published values for Claude load unchanged, with a warning, and without jti")
    func openUnison() throws {
        let (loaded, problems) = try load(
            """
            sts:
              endpoints:
              - name: calude
                audience: https://api.anthropic.com
                path: /claude
                azRules:
                - scope: filter
                  constraint: "(namespace=myns)"
                issuer:
                  host: "d1dexjaad4ian0.cloudfront.net"
                  keypair: "unison-saml2-rp-sig"
                injector:
                  label: claude
                  token_environment_variable_name: "ANTHROPIC_IDENTITY_TOKEN_FILE"
                  label_value_environment_variable_name: "CLAUDE_ROLE"
            """)
        let endpoint = try #require(loaded, "\(problems)")
        #expect(problems.map(\.severity) == [.warning])
        #expect(endpoint.pluginID.rawValue == "oidc" && !endpoint.token.hasTokenID)
        #expect(endpoint.injector.valueVariable == "CLAUDE_ROLE" && endpoint.injector.label == "claude")
    }

    @Test("The chart has the plugin, the label and the audiences of each")
    func chart() throws {
        let root = "/" + #filePath.split(separator: "/").dropLast(5).joined(separator: "/")
        let path = "\(root)/deploy/helm/sts-gateway/templates/_plugins.tpl"
        let text = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
        for preset in try Self.presets() {
            let audiences = (preset.recognizedAudiences ?? []).joined(separator: ", ")
            let line =
                "\n\(preset.id): {plugin: \(preset.plugin), label: \(preset.label), recognizes: [\(audiences)]}\n"
            #expect(text.contains(line), "add to presetDefaults of _plugins.tpl:\(line)")
        }
    }
}
