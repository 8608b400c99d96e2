import GatewayCore
import GatewayTestSupport
import JSON
import Testing

@Suite("A configuration that loads")
struct ConfigurationWarningTests {
    static let documents: [(JSONValue, [String])] = [
        (
            ["sts": ["endpoints": []]],
            ["warning: sts.endpoints: is empty, so the gateway issues no token; add an endpoint"]
        ),
        (
            ExampleDocument.document(endpoints: [ExampleDocument.endpoint(["azRules": .null])]),
            [
                "warning: sts.endpoints[0].azRules: there is no rule, so nobody may have a token of this endpoint; write one such as {scope: filter, constraint: (namespace=myns)}"
            ]
        ),
        (
            ExampleDocument.document(endpoints: [ExampleDocument.endpoint(["azRules": []])]),
            [
                "warning: sts.endpoints[0].azRules: there is no rule, so nobody may have a token of this endpoint; write one such as {scope: filter, constraint: (namespace=myns)}"
            ]
        ),
        (
            ExampleDocument.document(endpoints: [
                ExampleDocument.endpoint(["subjectToken": ["acceptApiServerAudience": true]])
            ]),
            [
                "warning: sts.endpoints[0].subjectToken.acceptApiServerAudience: takes ServiceAccount tokens that are not made for the gateway, so whoever a Pod sends its default token to can replay it here; turn it off when no OpenUnison sidecar is left"
            ]
        ),
        (
            ExampleDocument.document(endpoints: [
                ExampleDocument.endpoint(["publish": ["probe": ["enabled": false]]])
            ]),
            [
                "warning: sts.endpoints[0].publish.probe.enabled: nothing publishes and nothing looks, so a new key signs after rotation.propagation whether it was uploaded or not; enable the probe"
            ]
        ),
        (
            ExampleDocument.document(endpoints: [
                ExampleDocument.endpoint(["token": ["algorithm": "ES256", "keySize": 3072]])
            ]),
            [
                "warning: sts.endpoints[0].token.keySize: says nothing for ES256, whose keys have one size; leave it out"
            ]
        ),
        (
            ["sts": ["image": "x", "openunison": ["name": "orchestra"], "endpoints": [ExampleDocument.endpoint()]]],
            [
                "warning: sts.image: is OpenUnison's and not used; injection.sidecar.image names the sidecar's image",
                "warning: sts.openunison: is OpenUnison's and not used; it may be left out",
            ]
        ),
        (
            ExampleDocument.document(["network": ["openunison_host": "k8sou.example.com"], "image": "openunison"]),
            [
                "warning: of OpenUnison's keys the gateway reads sts and k8s_cluster_name; it passes over network, image"
            ]
        ),
        (
            ExampleDocument.document(endpoints: [
                ExampleDocument.endpoint(),
                ExampleDocument.endpoint([
                    "name": "second", "plugin": "example", "issuer": ["host": "second.example.com"],
                ]),
            ]),
            [
                "warning: sts.endpoints[1].injector: a Pod with the label \"example-role\" is injected for sts.endpoints[0] too, and both set EXAMPLE_TOKEN_FILE; give each endpoint its own label"
            ]
        ),
    ]

    @Test("says what is worth a word", arguments: documents)
    func warnings(_ document: JSONValue, _ warnings: [String]) {
        let (configuration, problems) = ExampleDocument.load(document)
        #expect(configuration != nil)
        #expect(problems == warnings)
    }
}
