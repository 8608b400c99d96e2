import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import VaultPlugin

@Suite("The Vault plugin")
struct VaultProviderTests {
    private func provider(
        address: String? = nil, mount: String? = nil, namespace: String? = nil
    ) throws -> VaultProvider {
        let endpoint = try #require(Endpoint.example())
        return try VaultProvider(
            endpoint: endpoint, settings: .init(address: address, mount: mount, namespace: namespace),
            context: .silent)
    }

    private func request(_ role: String) -> InjectionRequest {
        InjectionRequest(
            annotation: role, namespace: "default", serviceAccountName: "web",
            tokenFile: "/var/run/secrets/sts/one/token")
    }

    @Test("The plugin keeps the rules of the plugin API")
    func conformance() {
        #expect(
            checkConformance(
                of: VaultProvider.self, annotation: "reader",
                settings: #"{"address":"https://vault.example.com:8200","namespace":"team"}"#,
                publisherSettings: #"{"address":"https://vault.example.com:8200"}"#) == [])
    }

    @Test("A Pod gets the role, the address and the configuration of the agent")
    func injection() throws {
        let provider = try provider(
            address: "https://vault.example.com:8200/", mount: "clusters/one", namespace: "team/a")
        let injection = try provider.injection(for: request("reader"))
        #expect(injection.value == "reader")
        #expect(
            injection.environment == [
                .init("VAULT_JWT_MOUNT", "clusters/one"),
                .init("VAULT_ADDR", "https://vault.example.com:8200", unlessSet: ["BAO_ADDR"]),
                .init("VAULT_NAMESPACE", "team/a", unlessSet: ["BAO_NAMESPACE"]),
            ])
        #expect(injection.files.map(\.name) == ["agent.hcl"])
        #expect(
            injection.files.first?.contents == """
                vault {
                  address = "https://vault.example.com:8200"
                }

                auto_auth {
                  method "jwt" {
                    mount_path = "auth/clusters/one"
                    namespace  = "team/a"
                    config = {
                      path                    = "/var/run/secrets/sts/one/token"
                      role                    = "reader"
                      remove_jwt_after_reading = false
                    }
                  }
                }

                """)
        #expect(injection.conflictingVariables.map(\.names) == [["VAULT_TOKEN", "BAO_TOKEN"]])
    }

    @Test("Without an address the mount is that of the endpoint, and there is no configuration of the agent")
    func defaults() throws {
        let injection = try provider().injection(for: request("reader"))
        #expect(injection.environment == [.init("VAULT_JWT_MOUNT", "one")] && injection.files.isEmpty)
    }

    @Test(
        "An annotation that is not the name of a role is rejected",
        arguments: [
            "", "two words", "a\nb", "a/b", "../x", "-a", "a-", "\"}", "${env}", String(repeating: "a", count: 129),
        ])
    func rejected(annotation: String) throws {
        let provider = try provider()
        #expect(throws: InjectionError.self) { try provider.injection(for: request(annotation)) }
    }

    @Test("All invalid settings are reported at once")
    func settings() {
        let errors = #expect(throws: SettingsErrors.self) {
            try provider(address: "vault.example.com", mount: "a b", namespace: "/")
        }
        #expect(errors?.errors.map(\.key) == ["settings.address", "settings.mount", "settings.namespace"])
    }

    @Test("Each mount has a policy of its own name, also where slashes and capitals are lost in it")
    func policyNames() {
        let mounts = ["prod-a", "prod/a", "prod-A", "prod/A", "prod/a/b", "prod/a-b", "prod-a/b", "jwt"]
        let names = mounts.map { VaultProvisioner.policyName(ofMount: $0) }
        #expect(Set(names).count == mounts.count)
        #expect(names.allSatisfy { $0 == $0.lowercased() && !$0.contains("/") })
        #expect(VaultProvisioner.policyName(ofMount: "sts-production") == "sts-gateway-publisher-sts-production")
    }
}
