import GatewayPluginAPI
import GatewayPluginTesting
import JOSE
import JSON
import Testing

@testable import KubernetesPlugin

@Suite("The Kubernetes plugin")
struct KubernetesProviderTests {
    private static let server = "https://api.example.com:6443"
    static let certificate = "-----BEGIN CERTIFICATE-----\nMIIBAA==\n-----END CERTIFICATE-----\n"

    private func provider(_ settings: KubernetesProvider.Settings) throws -> KubernetesProvider {
        let endpoint = try #require(Endpoint.example())
        return try KubernetesProvider(endpoint: endpoint, settings: settings, context: .silent)
    }

    private func kubeconfig(
        _ settings: KubernetesProvider.Settings, annotation: String? = nil
    ) throws -> JSONValue {
        let request = InjectionRequest(
            annotation: annotation, namespace: "default", serviceAccountName: "web",
            tokenFile: "/var/run/secrets/sts/one/token")
        let injection = try provider(settings).injection(for: request)
        let file = try #require(injection.files.first)
        #expect(injection.files.count == 1 && file.name == "kubeconfig" && file.variable == "KUBECONFIG")
        #expect(injection.value == nil && injection.environment == [])
        return try JSONValue(parsing: Array(file.contents.utf8))
    }

    @Test("The plugin keeps the rules of the plugin API")
    func conformance() {
        #expect(
            checkConformance(
                of: KubernetesProvider.self, annotation: "team-a",
                settings: #"{"server":"https://api.example.com:6443"}"#)
                == [])
    }

    @Test("A Pod gets a kubeconfig that names the token file")
    func tokenFile() throws {
        let json = try kubeconfig(.init(server: Self.server))
        #expect(
            json == [
                "apiVersion": "v1", "kind": "Config", "current-context": "one",
                "clusters": [["name": "one", "cluster": ["server": .string(Self.server)]]],
                "users": [["name": "one", "user": ["tokenFile": "/var/run/secrets/sts/one/token"]]],
                "contexts": [["name": "one", "context": ["cluster": "one", "user": "one"]]],
            ])
    }

    @Test("The annotation replaces the namespace of the settings")
    func namespace() throws {
        let settings = KubernetesProvider.Settings(
            server: Self.server, certificateAuthority: Self.certificate, namespace: "team-b")
        func context(_ annotation: String?) throws -> JSONValue? {
            try kubeconfig(settings, annotation: annotation)["contexts"]?.elementList?.first?["context"]?["namespace"]
        }
        #expect(try context(nil) == "team-b")
        #expect(try context("team-a") == "team-a")
        let cluster = try kubeconfig(settings)["clusters"]?.elementList?.first?["cluster"]
        #expect(
            cluster?["certificate-authority-data"]
                == "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJBQT09Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K")
    }

    @Test("An exec credential runs sh with the path of the token file in its environment")
    func exec() throws {
        let json = try kubeconfig(.init(server: Self.server, execCredential: true))
        let exec = json["users"]?.elementList?.first?["user"]?["exec"]
        #expect(exec?["command"] == "sh" && exec?["interactiveMode"] == "Never")
        #expect(exec?["apiVersion"] == "client.authentication.k8s.io/v1")
        #expect(exec?["env"] == [["name": "STS_TOKEN_FILE", "value": "/var/run/secrets/sts/one/token"]])
    }

    @Test("The largest CA and namespace fit into a rendered file")
    func largest() throws {
        let line = String(repeating: "A", count: 64) + "\n"
        let body = String(repeating: line, count: (KubernetesNames.maximumPEM - 60) / 65)
        let pem = "-----BEGIN CERTIFICATE-----\n" + body + "-----END CERTIFICATE-----\n"
        let json = try kubeconfig(
            .init(server: Self.server, certificateAuthority: pem, execCredential: true),
            annotation: String(repeating: "n", count: 63))
        #expect(json.indentedText.utf8.count <= PodInjection.File.maximumLength)
    }

    @Test(
        "An annotation that is not the name of a namespace is rejected",
        arguments: ["", "Team", "two words", "a\nb", "-a", "a-", "a.b", "\"}", String(repeating: "a", count: 64)])
    func rejected(annotation: String) throws {
        let provider = try provider(.init(server: Self.server))
        let request = InjectionRequest(annotation: annotation, namespace: "default", serviceAccountName: "web")
        #expect(throws: InjectionError.self) { try provider.injection(for: request) }
    }

    @Test("All invalid settings are reported at once")
    func settings() {
        let errors = #expect(throws: SettingsErrors.self) {
            try provider(
                .init(
                    server: "http://api.example.com", certificateAuthority: "/etc/ca.pem", namespace: "a b",
                    discoveryURL: "https://sts.example.com/", issuerCertificateAuthority: "-----BEGIN PRIVATE KEY-----",
                    usernamePrefix: "System:", groupsClaim: "a: b"))
        }
        #expect(
            errors?.errors.map(\.key) == [
                "settings.server", "settings.certificateAuthority", "settings.namespace", "settings.discoveryURL",
                "settings.issuerCertificateAuthority", "settings.usernamePrefix", "settings.groupsClaim",
            ])
    }

    @Test("The issuer's own discovery URL is rejected, as the API server rejects it")
    func ownDiscoveryURL() {
        let errors = #expect(throws: SettingsErrors.self) {
            try provider(
                .init(
                    server: Self.server,
                    discoveryURL: "https://issuer.example.com/.well-known/openid-configuration"))
        }
        #expect(errors?.errors.map(\.key) == ["settings.discoveryURL"])
    }
}
