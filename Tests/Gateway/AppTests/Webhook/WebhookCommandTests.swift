import ArgumentParser
import GatewayCore
import GatewayServer
import GatewayTestSupport
import JSON
import Testing

@testable import GatewayApp

@Suite("webhook manifest", .builtInPlugins)
struct WebhookCommandTests {
    private static func endpoint(_ name: String) -> String {
        """
          - name: \(name)
            plugin: oidc
            audience: https://example.com
            path: /\(name)
            issuer: {host: "\(name).example.com"}
            azRules: [{scope: filter, constraint: "(namespace=shop)"}]
            injector: {label: \(name)-role}

        """
    }

    private func configuration(_ endpoints: String...) throws -> GatewayConfiguration {
        let folder = try TemporaryFolder()
        try folder.write(
            "injection: {prefix: example.com}\nsts:\n  endpoints:\n" + endpoints.map(Self.endpoint).joined(),
            to: "gateway.yaml")
        let reading = ConfigurationFile(path: "\(folder.path)/gateway.yaml").read(
            manifest: nil, namespace: "sts", logger: .silent)
        return try #require(reading.configuration, "\(reading.problems)")
    }

    @Test("The YAML output can be parsed, with one webhook configuration for each endpoint")
    func yaml() throws {
        let configuration = try configuration("one", "no")
        let text = WebhookManifestCommand.text(configuration, namespace: "null", asJSON: false)
        let read = try KubernetesYAML(text).documents
        let wanted = configuration.endpoints.map {
            WebhookConfigurationManifest($0, configuration.injection, namespace: "null").json
        }
        #expect(read == wanted)
        #expect(read.map { $0["metadata"]?["name"] } == ["sts-gateway-injector-one", "sts-gateway-injector-no"])
        #expect(!text.contains("caBundle"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 })
        #expect(
            text.contains("    - key: example.com/one-role\n      operator: NotIn\n      values:\n      - \"false\"\n"))
        #expect(text.contains("      namespace: \"null\"\n"))
    }

    @Test("JSON is a List of the same objects")
    func json() throws {
        let configuration = try configuration("one", "two")
        let text = WebhookManifestCommand.text(configuration, namespace: "sts", asJSON: true)
        let list = try JSONValue(parsing: Array(text.utf8))
        #expect(list["kind"] == "List")
        guard case .array(let items) = list["items"] else {
            Issue.record("no items")
            return
        }
        #expect(
            items
                == configuration.endpoints.map {
                    WebhookConfigurationManifest($0, configuration.injection, namespace: "sts").json
                })
    }

    @Test("Strings and empty collections are preserved")
    func scalars() throws {
        let odd: JSONValue = [
            "plain": "/a.b-c_d/e", "true": "True", "number": "12", "version": "1.0", "empty": "", "tilde": "~",
            "null": "NULL", "colon": "a: b", "hash": "a #b", "dash": "- a", "quote": "\"'\\", "lines": "a\nb\t",
            "star": "*", "braces": "{a}", "none": .null, "flag": true, "count": 443, "list": [], "object": .object([]),
            "deep": [["a": ["b", ["c", ["d": "e"]]]], [], "f"], "letters": "é",
        ]
        let read = try KubernetesYAML(odd.yamlDocument).documents
        #expect(read == [odd], "\(odd.yamlDocument)")
    }

    @Test("An invalid namespace is rejected", arguments: ["Sts", "a.b", "-", " "])
    func badNamespace(namespace: String) throws {
        let command = try WebhookManifestCommand.parse(["--config", "none.yaml", "--namespace=\(namespace)"])
        #expect(throws: ValidationError.self) { try command.run() }
    }
}
