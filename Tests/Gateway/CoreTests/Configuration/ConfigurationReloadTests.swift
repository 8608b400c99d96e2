import GatewayTestSupport
import JSON
import Testing

@testable import GatewayCore

@Suite("A reloaded configuration")
struct ConfigurationReloadTests {
    private func loaded(_ blocks: KeyValuePairs<String, JSONValue>) throws -> GatewayConfiguration {
        try #require(
            ExampleDocument.load(ExampleDocument.document(blocks)).configuration)
    }

    @Test(
        "lists the keys that require a restart",
        arguments: [
            (["listeners": ["tokens": "0.0.0.0:1"]], ["listeners"]),
            (["tls": ["names": ["sts.example.com"]]], ["tls"]),
            (["review": ["kubeconfig": "c"]], ["review"]),
            (["keyStore": ["directory": "keys"], "limits": ["connections": 1]], ["keyStore", "limits"]),
            (["log": ["level": "debug"]], ["log"]),
            (
                ["injection": ["webhook": ["service": "other", "clientCA": "ca.pem"]]],
                ["injection.webhook.service", "injection.webhook.clientCA"]
            ),
        ] as [(KeyValuePairs<String, JSONValue>, [String])])
    func fixed(_ blocks: KeyValuePairs<String, JSONValue>, _ keys: [String]) throws {
        #expect(try loaded([:]).fixedDifferences(from: try loaded(blocks)) == keys)
        #expect(try loaded(blocks).fixedDifferences(from: try loaded(blocks)) == [])
    }

    @Test(
        "is applied to the running gateway in all other keys",
        arguments: [
            ["cluster": "other"], ["audit": ["events": false]],
            ["injection": ["prefix": "example.com", "webhook": ["concurrency": 1, "configuration": "other"]]],
        ] as [KeyValuePairs<String, JSONValue>])
    func hot(_ blocks: KeyValuePairs<String, JSONValue>) throws {
        #expect(try loaded([:]).fixedDifferences(from: try loaded(blocks)) == [])
    }

    @Test(
        "has a key store even if it is invalid otherwise",
        arguments: [
            (["keyStore": ["directory": "keys"], "listeners": "x"], .directory("keys"), nil),
            (["review": ["kubeconfig": "c"], "sts": ["endpoints": 5]], .kubernetes, "c"),
            (["colour": "blue"], .kubernetes, nil),
        ] as [(JSONValue, GatewayConfiguration.KeyStore, String?)])
    func keys(_ document: JSONValue, _ keyStore: GatewayConfiguration.KeyStore, _ kubeconfig: String?) throws {
        let location = try #require(ConfigurationLoader.keyStoreLocation(ConfigurationNode(document)))
        #expect(location.keyStore == keyStore)
        #expect(location.kubeconfig == kubeconfig)
    }

    @Test("has no key store if its keys are invalid")
    func noKeys() {
        #expect(ConfigurationLoader.keyStoreLocation(ConfigurationNode(["keyStore": ["kind": "directory"]])) == nil)
        #expect(ConfigurationLoader.keyStoreLocation(nil)?.keyStore == .kubernetes)
    }
}
