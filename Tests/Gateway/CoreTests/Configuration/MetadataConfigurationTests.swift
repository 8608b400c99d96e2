import GatewayCore
import JSON
import Testing

@Suite("Labels and annotations in a configuration")
struct MetadataConfigurationTests {
    private static let offline: JSONValue = [
        "offline": ["jwks": "keys.json", "issuer": "https://kubernetes.default.svc"]
    ]

    private func load(_ changes: KeyValuePairs<String, JSONValue>, offline: Bool) -> (isGood: Bool, problems: [String])
    {
        let endpoints = [ExampleDocument.endpoint(changes)]
        let (configuration, problems) =
            offline
            ? ExampleDocument.load(ExampleDocument.document(["review": Self.offline], endpoints: endpoints))
            : ExampleDocument.load(ExampleDocument.document(endpoints: endpoints))
        return (configuration != nil, problems)
    }

    @Test("An endpoint may use them in rules and claims, and they are read for it only")
    func named() throws {
        let (configuration, problems) = ExampleDocument.load(
            ExampleDocument.document(endpoints: [
                ExampleDocument.endpoint([
                    "azRules": [["scope": "filter", "constraint": "(namespace-label/team=blue)"]],
                    "token": ["claims": ["tier": ["attribute": "sa-label/example.com/tier"]]],
                ])
            ]))
        #expect(problems.isEmpty)
        let endpoint = try #require(configuration?.endpoints.first)
        #expect(endpoint.policy.metadataSources == [.namespace])
        #expect(endpoint.token.metadataSources == [.serviceAccount])
    }

    @Test(
        "They are not supported with an offline review, with an error at the key",
        arguments: [
            (["azRules": [["scope": "filter", "constraint": "(namespace-label/a=b)"]]], "azRules[0].constraint"),
            (["token": ["claims": ["a": ["attribute": "namespace-label/a"]]]], "token.claims.a.attribute"),
            (["additionalAttributes": ["namespace-label/a"]], "additionalAttributes[0]"),
        ] as [(KeyValuePairs<String, JSONValue>, String)])
    func offline(_ changes: KeyValuePairs<String, JSONValue>, keyPath: String) {
        #expect(load(changes, offline: false).isGood)
        let (isGood, problems) = load(changes, offline: true)
        #expect(!isGood)
        #expect(
            problems == [
                "error: sts.endpoints[0].\(keyPath): not supported with an offline review, as "
                    + "\"namespace-label/a\" is read from the API server; use review: {kind: kubernetes} or remove it"
            ])
    }

    @Test("A rule with a tenant-writable attribute causes a warning at its key")
    func tenantWritable() {
        let (isGood, problems) = load(
            ["azRules": [["scope": "filter", "constraint": "(sa-label/a=b)"]]], offline: false)
        #expect(isGood)
        #expect(
            problems == [
                "warning: sts.endpoints[0].azRules[0].constraint: (sa-label/a=b) can be set by everyone who may edit "
                    + "ServiceAccounts, in any namespace; combine it with a namespace, as in (&(namespace=myns)(sa-label/a=b))"
            ])
    }

    @Test("A claim of an invalid label key is rejected")
    func badKey() {
        let (isGood, problems) = load(
            ["token": ["claims": ["a": ["attribute": "sa-label/-a"]]]], offline: false)
        #expect(!isGood)
        #expect(problems.count == 1)
        #expect(problems.first?.contains("unknown attribute") == true)
    }
}
