import GatewayTestSupport
import JSON
import Testing

@testable import GatewayCore

@Suite("A configuration that follows another")
struct ConfigurationReloadTests {
    private func loaded(_ blocks: KeyValuePairs<String, JSONValue>) throws -> GatewayConfiguration {
        try #require(
            ExampleDocument.load(ExampleDocument.document(blocks)).configuration)
    }

    @Test(
        "names what only a restart takes on",
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
        "is taken on while the gateway runs in everything else",
        arguments: [
            ["cluster": "other"], ["audit": ["events": false]],
            ["injection": ["prefix": "example.com", "webhook": ["concurrency": 1, "configuration": "other"]]],
        ] as [KeyValuePairs<String, JSONValue>])
    func hot(_ blocks: KeyValuePairs<String, JSONValue>) throws {
        #expect(try loaded([:]).fixedDifferences(from: try loaded(blocks)) == [])
    }

    @Test(
        "tells where keys are, whatever else is wrong with it",
        arguments: [
            (["keyStore": ["directory": "keys"], "listeners": "x"], .directory("keys"), nil),
            (["review": ["kubeconfig": "c"], "sts": ["endpoints": 5]], .kubernetes, "c"),
            (["colour": "blue"], .kubernetes, nil),
        ] as [(JSONValue, GatewayConfiguration.KeyStore, String?)])
    func keys(_ document: JSONValue, _ keyStore: GatewayConfiguration.KeyStore, _ kubeconfig: String?) throws {
        let place = try #require(ConfigurationLoader.placeOfKeys(ConfigurationNode(document)))
        #expect(place.keyStore == keyStore)
        #expect(place.kubeconfig == kubeconfig)
    }

    @Test("tells nothing of where keys are if just that is wrong")
    func noKeys() {
        #expect(ConfigurationLoader.placeOfKeys(ConfigurationNode(["keyStore": ["kind": "directory"]])) == nil)
        #expect(ConfigurationLoader.placeOfKeys(nil)?.keyStore == .kubernetes)
    }
}
