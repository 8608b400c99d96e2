import GatewayPluginAPI
import GatewayPluginTesting
import JOSE
import JSON
import Testing

@testable import AzurePlugin

@Suite("The Azure plugin")
struct AzureProviderTests {
    private static let tenant = "6f1e2d3c-0000-4000-8000-0123456789ab"
    private static let client = "3f8a1c22-0000-4000-8000-0123456789ab"

    private func provider(
        _ members: String = "", audience: String = "api://AzureADTokenExchange"
    ) throws -> AzureProvider {
        let endpoint = try #require(Endpoint.example(audiences: [audience], timeToLive: 3_600))
        return try AzureProvider(endpoint: endpoint, settings: try settings(members), context: .silent)
    }

    private func settings(_ members: String = "") throws -> AzureProvider.Settings {
        let text = #"{"tenant": "\#(Self.tenant)"\#(members)}"#
        return try JSONValue(parsing: Array(text.utf8)).decode(AzureProvider.Settings.self)
    }

    private func keys(_ members: String, audience: String = "api://AzureADTokenExchange") -> [String] {
        do {
            _ = try provider(members, audience: audience)
            return []
        } catch {
            return (error as? SettingsErrors)?.errors.map(\.key) ?? ["\(error)"]
        }
    }

    private func request(_ annotation: String?, _ options: [String: String] = [:]) -> InjectionRequest {
        InjectionRequest(annotation: annotation, options: options, namespace: "shop", serviceAccountName: "web")
    }

    @Test("The plugin keeps the rules of the plugin API")
    func conformance() {
        #expect(
            checkConformance(
                of: AzureProvider.self, annotation: Self.client,
                settings: #"{"tenant": "\#(Self.tenant)", "client": "\#(Self.client)"}"#) == [])
    }

    @Test("A Pod gets the client of its annotation, the tenant and the authority")
    func injection() throws {
        let injection = try provider().injection(for: request(Self.client.uppercased()))
        #expect(injection.value == Self.client)
        #expect(
            injection.environment == [
                .init("AZURE_TENANT_ID", Self.tenant),
                .init("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com/"),
            ])
    }

    @Test("The annotation may be missing where the endpoint has a client, and may be joined by a tenant")
    func optionalAnnotation() throws {
        let injection = try provider(#", "client": "\#(Self.client)""#).injection(
            for: request(nil, ["tenant": Self.client]))
        #expect(injection.value == Self.client && injection.environment.first?.value == Self.client)
        let provider = try provider()
        #expect(throws: InjectionError.self) { try provider.injection(for: request(nil)) }
        #expect(throws: InjectionError.self) {
            try provider.injection(for: request(Self.client, ["tenant": "example.onmicrosoft.com"]))
        }
    }

    @Test(
        "Sovereign clouds have their own audience and authority",
        arguments: [
            ("usgov", "api://AzureADTokenExchangeUSGov", "https://login.microsoftonline.us/"),
            ("china", "api://AzureADTokenExchangeChina", "https://login.chinacloudapi.cn/"),
        ])
    func clouds(cloud: String, audience: String, authority: String) throws {
        let members = #", "cloud": "\#(cloud)""#
        #expect(AzureProvider.audiences(for: try settings(members)) == [audience])
        let injection = try provider(members, audience: audience).injection(for: request(Self.client))
        #expect(injection.environment.last?.value == authority)
    }

    @Test("Tokens live for an hour at least and are replaced with twelve minutes left, for SDKs that cache the file")
    func tokens() {
        let tokens = AzureProvider.defaults.tokens
        #expect(tokens.timeToLive == 3_600 && tokens.minimumLifetime == 3_600 && tokens.remainingAtRenewal == 720)
        #expect(AzureProvider.defaults.algorithms == [.rs256])
    }

    @Test(
        "Invalid settings are reported with their keys",
        arguments: [
            (#", "client": "app""#, "settings.client"), (#", "cloud": "germany""#, "settings.cloud"),
            (#", "authorityHost": "http://localhost:1/""#, "settings.authorityHost"),
            (#", "authorityHost": "https://a.example/tenant""#, "settings.authorityHost"),
        ])
    func invalid(members: String, key: String) { #expect(keys(members) == [key]) }

    @Test("A tenant that is no UUID and a wrong audience are errors")
    func tenantAndAudience() throws {
        #expect(keys("", audience: "https://example.com") == ["audience"])
        let settings = try JSONValue(parsing: Array(#"{"tenant": "example.onmicrosoft.com"}"#.utf8))
            .decode(AzureProvider.Settings.self)
        let endpoint = try #require(Endpoint.example(audiences: ["api://AzureADTokenExchange"]))
        let error = #expect(throws: SettingsErrors.self) {
            try AzureProvider(endpoint: endpoint, settings: settings, context: .silent)
        }
        #expect(error?.errors.map(\.key) == ["settings.tenant"])
    }
}
