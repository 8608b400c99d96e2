import GatewayCore
import GatewayTestSupport
import Testing

@testable import GatewayApp

@Suite("Problems of endpoints with built-in plugins", .builtInPlugins)
struct ConfigurationProblemsTests {
    private func problems(_ endpoint: String) throws -> [String] {
        let folder = try TemporaryFolder()
        try folder.write("sts:\n  endpoints:\n  - \(endpoint)\n", to: "gateway.yaml")
        let reading = ConfigurationFile(path: "\(folder.path)/gateway.yaml").read(
            manifest: nil, namespace: "sts", logger: .silent)
        return reading.problems.map { $0.text(file: "gateway.yaml") }
    }

    @Test("An algorithm that the relying party does not support is one problem, even where keys are handed over")
    func algorithm() throws {
        let found = try problems(
            """
            {name: gcp, plugin: gcp, issuer: {host: issuer.example.com}, token: {algorithm: ES384}, \
            settings: {projectNumber: "123456789012", pool: clusters, provider: production}, publish: {plugin: gcp}, \
            azRules: [{scope: filter, constraint: "(namespace=shop)"}]}
            """)
        #expect(found.count == 1 && found[0].contains("ES384 is not supported by the plugin gcp"), "\(found)")
    }

    @Test("An empty publish block of vault is reported, since no keys are handed over")
    func emptyPublish() throws {
        let found = try problems(
            """
            {name: vault, plugin: vault, audience: "https://vault.example.com", issuer: {host: issuer.example.com}, \
            publish: {}, azRules: [{scope: filter, constraint: "(namespace=shop)"}]}
            """)
        #expect(found.contains { $0.contains("publish: is empty, so that nothing is published") }, "\(found)")
    }
}
