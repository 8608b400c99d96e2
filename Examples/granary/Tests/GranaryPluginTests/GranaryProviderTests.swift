import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import GranaryPlugin

@Suite("The Granary plugin")
struct GranaryProviderTests {
    @Test("The plugin keeps the rules of the plugin API")
    func conformance() {
        #expect(
            checkConformance(
                of: GranaryProvider.self, annotation: "harvest/reader", settings: #"{"tenant": "mill"}"#,
                publisherSettings: #"{"tenant": "mill"}"#) == [])
    }

    @Test("A Pod gets the role of its annotation, the tenant and the URL")
    func injection() throws {
        let injection = try provider().injection(for: request("harvest/reader"))
        #expect(injection.value == "harvest/reader")
        #expect(
            injection.environment == [
                .init("GRANARY_TENANT", "mill"),
                .init("GRANARY_URL", "https://api.granary.example", unlessSet: ["GRANARY_HOST"]),
            ])
        #expect(
            injection.files == [
                .init(
                    name: "granary.json",
                    contents: #"{"tenant":"mill","token_file":"/tokens/one","url":"https://api.granary.example"}"#,
                    variable: "GRANARY_CONFIG")
            ])
        #expect(injection.expectedVariables.map(\.names) == [["GRANARY_TEAM"]])
    }

    @Test(
        "An annotation that is not a role is rejected",
        arguments: ["", "harvest", "harvest/", "/reader", "harvest/owner", "Harvest/reader", "a/b/reader"])
    func rejected(annotation: String) throws {
        let provider = try provider()
        #expect(throws: InjectionError.self) { try provider.injection(for: request(annotation)) }
    }

    @Test("Tokens have the tenant and the workload as claims")
    func claims() throws {
        let claims = try provider().claims(for: .example(namespace: "shop", serviceAccountName: "web"))
        #expect(claims.members.map(\.name) == ["granary.example/tenant", "granary.example/workload"])
        #expect(claims.members.map(\.value) == ["mill", "shop/web"])
    }

    @Test("All invalid settings are reported at once, each with its key")
    func settings() throws {
        let endpoint = try #require(Endpoint.example(audiences: ["https://granary.example"], algorithm: .es256))
        let errors = #expect(throws: SettingsErrors.self) {
            try GranaryProvider(
                endpoint: endpoint, settings: .init(tenant: "The Mill", url: "http://granary.example"),
                context: .silent)
        }
        #expect(errors?.errors.map(\.key) == ["settings.tenant", "settings.url"])
    }

    private func provider() throws -> GranaryProvider {
        let endpoint = try #require(Endpoint.example(audiences: ["https://granary.example"], algorithm: .es256))
        return try GranaryProvider(
            endpoint: endpoint, settings: .init(tenant: "mill", url: nil), context: .silent)
    }

    private func request(_ annotation: String) -> InjectionRequest {
        InjectionRequest(annotation: annotation, namespace: "shop", serviceAccountName: "web", tokenFile: "/tokens/one")
    }
}
