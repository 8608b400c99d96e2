import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import Testing

/// Recognizes the example provider's audience as well.
private struct RivalProvider: ProviderPlugin {
    static let id: PluginID = PluginID("rival")
    static let defaults = ExampleProvider.defaults
    init(endpoint: Endpoint, settings: NoSettings, context: PluginContext) throws(SettingsErrors) {}
    func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        PodInjection(value: request.annotation)
    }
}

@Suite("A plugin catalog")
struct PluginCatalogTests {
    @Test("finds a plugin by its id")
    func byID() {
        let catalog = PluginCatalog(plugins: [ExampleProvider.self, RivalProvider.self])
        #expect(catalog[RivalProvider.id] is RivalProvider.Type)
        #expect(PluginID("nobody").map { catalog[$0] == nil } == true)
    }

    @Test("finds a plugin by an audience that no other plugin recognizes")
    func byAudience() {
        let alone = PluginCatalog(plugins: [ExampleProvider.self])
        #expect(alone.recognizing(["x", "https://example.com"]) is ExampleProvider.Type)
        #expect(alone.recognizing(["x"]) == nil)
        let both = PluginCatalog(plugins: [ExampleProvider.self, RivalProvider.self])
        #expect(both.recognizing(["https://example.com"]) == nil)
    }
}
