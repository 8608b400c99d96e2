import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import AnthropicPlugin

@Suite("The Anthropic plugin")
struct AnthropicProviderTests {
    @Test("The plugin keeps the rules of the plugin API")
    func conformance() {
        // Without publisher settings: two endpoints that name one federation issuer have the same location on purpose,
        // so that `config check` rejects them.
        #expect(checkConformance(of: AnthropicProvider.self, annotation: "any") == [])
    }

    @Test("A Pod with a static key is warned of it")
    func injection() throws {
        let endpoint = try #require(Endpoint.example())
        let provider = try AnthropicProvider(endpoint: endpoint, settings: NoSettings(), context: .silent)
        let injection = try provider.injection(
            for: InjectionRequest(annotation: nil, namespace: "default", serviceAccountName: "web"))
        #expect(injection.conflictingVariables.flatMap(\.names).contains("ANTHROPIC_API_KEY"))
    }
}
