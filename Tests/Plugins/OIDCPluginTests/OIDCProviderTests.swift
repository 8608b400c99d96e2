import GatewayPluginAPI
import GatewayPluginTesting
import JOSE
import OIDCPlugin
import Testing

@Suite("The OIDC plugin")
struct OIDCProviderTests {
    @Test("keeps the rules of the plugin API")
    func conformance() {
        #expect(checkConformance(of: OIDCProvider.self, annotation: "reports: nightly") == [])
    }

    @Test("has no default audience and recognizes none, so an endpoint must configure both")
    func audiences() {
        #expect(OIDCProvider.defaults.audiences.isEmpty)
        #expect(OIDCProvider.defaults.recognizedAudiences.isEmpty)
    }

    @Test("signs with RS256 by default, because every relying party verifies it")
    func algorithms() {
        #expect(OIDCProvider.defaults.algorithms.first == .rs256)
        #expect(Set(OIDCProvider.defaults.algorithms) == Set(SignatureAlgorithm.allCases))
    }

    @Test("returns the annotation unchanged", arguments: ["reports", "a b=c;$(HOME)", "été", "日本語"])
    func injection(annotation: String) throws {
        let injection = try provider().injection(for: request(annotation))
        #expect(injection == PodInjection(value: annotation))
    }

    @Test(
        "rejects an annotation that is empty, too long or not one visible line",
        arguments: ["", "a\nb", "\0", "\u{202E}a", "\u{200B}", String(repeating: "a", count: 1025)])
    func rejected(annotation: String) throws {
        let provider = try provider()
        #expect(throws: InjectionError.self) { try provider.injection(for: request(annotation)) }
    }

    private func request(_ annotation: String) -> InjectionRequest {
        InjectionRequest(annotation: annotation, namespace: "myns", serviceAccountName: "web")
    }

    private func provider() throws -> OIDCProvider {
        try OIDCProvider(
            endpoint: try #require(.example(audiences: ["https://reports.example.com"], algorithm: .es256)),
            settings: OIDCProvider.Settings(), context: .silent)
    }
}
