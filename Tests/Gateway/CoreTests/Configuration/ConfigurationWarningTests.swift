import GatewayCore
import GatewayTestSupport
import JSON
import Testing

@Suite("A valid configuration")
struct ConfigurationWarningTests {
    static let documents: [(JSONValue, [String])] = [
        (
            ["sts": ["endpoints": []]],
            ["warning: sts.endpoints: the list is empty, so that the gateway issues no tokens; add an endpoint"]
        ),
        (
            ExampleDocument.document(endpoints: [ExampleDocument.endpoint(["azRules": .null])]),
            [
                "warning: sts.endpoints[0].azRules: azRules is empty; every request will be denied; add a rule such as {scope: filter, constraint: (namespace=myns)}"
            ]
        ),
        (
            ExampleDocument.document(endpoints: [ExampleDocument.endpoint(["azRules": []])]),
            [
                "warning: sts.endpoints[0].azRules: azRules is empty; every request will be denied; add a rule such as {scope: filter, constraint: (namespace=myns)}"
            ]
        ),
        (
            ExampleDocument.document(endpoints: [
                ExampleDocument.endpoint(["subjectToken": ["acceptApiServerAudience": true]])
            ]),
            [
                "warning: sts.endpoints[0].subjectToken.acceptApiServerAudience: accepts ServiceAccount tokens that are not issued for the gateway, so that whoever receives a Pod's default token can replay it here; turn it off when no OpenUnison sidecar is left"
            ]
        ),
        (
            ExampleDocument.document(endpoints: [
                ExampleDocument.endpoint(["publish": ["probe": ["enabled": false]]])
            ]),
            [
                "warning: sts.endpoints[0].publish.probe.enabled: neither publication nor probe is configured, so that a new key signs after rotation.propagation even if it is not published; enable the probe"
            ]
        ),
        (
            ExampleDocument.document(endpoints: [ExampleDocument.endpoint(["publish": [:]])]),
            [
                "warning: sts.endpoints[0].publish: is empty, so that nothing is published; add the keys of a publisher, or remove it"
            ]
        ),
        (
            ExampleDocument.document(endpoints: [
                ExampleDocument.endpoint(["token": ["algorithm": "ES256", "keySize": 3072]])
            ]),
            [
                "warning: sts.endpoints[0].token.keySize: ignored for ES256, whose keys have a fixed size; remove it"
            ]
        ),
        (
            ["sts": ["image": "x", "openunison": ["name": "orchestra"], "endpoints": [ExampleDocument.endpoint()]]],
            [
                "warning: sts.image: OpenUnison's key is ignored; injection.sidecar.image is the sidecar's image",
                "warning: sts.openunison: OpenUnison's key is ignored; it may be removed",
            ]
        ),
        (
            ExampleDocument.document(["network": ["openunison_host": "k8sou.example.com"], "image": "openunison"]),
            [
                "warning: of OpenUnison's keys only sts and k8s_cluster_name are read; ignored: network, image"
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
                "warning: sts.endpoints[1].injector: duplicate of sts.endpoints[0].injector: both inject EXAMPLE_TOKEN_FILE into Pods with the label \"example-role\"; use a different label"
            ]
        ),
    ]

    @Test("reports warnings", arguments: documents)
    func warnings(_ document: JSONValue, _ warnings: [String]) {
        let (configuration, problems) = ExampleDocument.load(document)
        #expect(configuration != nil)
        #expect(problems == warnings)
    }
}
