import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("An issuer that is not published")
struct PrivateIssuerTests {
    private static let handOver: JSONValue = ["shelf": "party", "handsOver": true]
    private static let notProbed: JSONValue = ["probe": ["enabled": false]]
    private static let keysURL = "https://sts.internal.example.com:8443/example/certs"

    private func load(
        cluster: JSONValue = "production", _ changes: KeyValuePairs<String, JSONValue>
    ) -> (endpoint: EndpointConfiguration?, problems: [String]) {
        let (configuration, problems) = ExampleDocument.load(
            ExampleDocument.document(["cluster": cluster], endpoints: [ExampleDocument.endpoint(changes)]))
        return (configuration?.endpoints.first, problems)
    }

    @Test("Where keys are handed over, the host is that of endpoint and cluster by default")
    func handedOver() throws {
        for issuer in [.null, [:], ["host": ""]] as [JSONValue] {
            let (endpoint, problems) = load(["issuer": issuer, "publish": Self.handOver])
            #expect(endpoint?.issuer.url == "https://example.production.sts.internal" && problems == [])
        }
        let (endpoint, _) = load(["issuer": ["path": "/a"], "publish": Self.handOver])
        #expect(endpoint?.issuer.url == "https://example.production.sts.internal/a")
        let (configured, _) = load(["issuer": ["host": "sts.example.com"], "publish": Self.handOver])
        #expect(configured?.issuer.url == "https://sts.example.com")
    }

    @Test("Where verifiers read the keys at issuer.jwksURI without a probe, too; the discovery document has that URL")
    func read() throws {
        let (loaded, problems) = load(["issuer": ["jwksURI": .string(Self.keysURL)], "publish": Self.notProbed])
        let endpoint = try #require(loaded, "\(problems)")
        #expect(endpoint.issuer.url == "https://example.production.sts.internal")
        let document = DiscoveryDocument(
            issuer: endpoint.issuer, keysURL: endpoint.keysURL, keys: JSONWebKeySet(keys: []), privateClaimNames: [])
        #expect(document.json["jwks_uri"] == .string(Self.keysURL))
        #expect(document.json["issuer"] == "https://example.production.sts.internal")
    }

    @Test(
        "Where the issuer URL is read or published, a host is required",
        arguments: [
            .null, ["probe": ["enabled": false]], ["shelf": "a"], ["shelf": "a", "probe": ["enabled": false]],
        ] as [JSONValue])
    func required(publish: JSONValue) {
        let (endpoint, problems) = load(["issuer": .null, "publish": publish])
        #expect(endpoint == nil)
        let errors = problems.filter { $0.hasPrefix("error") }
        #expect(
            errors == [
                "error: sts.endpoints[0].issuer.host: missing required key; expected a DNS name without scheme, port or path"
            ])
    }

    @Test("Where it is probed, too")
    func probed() {
        let (endpoint, problems) = load(["issuer": ["jwksURI": .string(Self.keysURL)]])
        #expect(endpoint == nil)
        #expect(problems.contains { $0.contains("issuer.host: missing required key, as the issuer URL is probed") })
    }

    @Test("A cluster without a name of its own is warned of")
    func defaultCluster() {
        let (endpoint, problems) = load(cluster: .null, ["issuer": .null, "publish": Self.handOver])
        #expect(endpoint?.issuer.url == "https://example.kubernetes.sts.internal")
        #expect(
            problems.count == 1
                && problems[0].hasPrefix(
                    "warning: sts.endpoints[0].issuer.host: the issuer is https://example.kubernetes.")
        )
    }

    @Test(
        "issuer.jwksURI is an https URL",
        arguments: [
            "http://sts.example.com/certs", "https://", "sts.example.com", "https://a b", "https://a/?b", "https://-",
            "https://a/#b", "https://u@a/certs",
        ])
    func invalid(url: String) {
        let (endpoint, problems) = load(["issuer": ["host": "a.example.com", "jwksURI": .string(url)]])
        #expect(endpoint == nil && problems.contains { $0.contains("issuer.jwksURI: invalid value") }, "\(problems)")
    }

    @Test("Two endpoints cannot have one issuer, wherever it comes from")
    func duplicate() {
        let (configuration, problems) = ExampleDocument.load(
            ExampleDocument.document(
                ["cluster": "production"],
                endpoints: [
                    ExampleDocument.endpoint(["issuer": .null, "publish": Self.handOver]),
                    ExampleDocument.endpoint([
                        "name": "two", "plugin": "example", "issuer": ["host": "example.production.sts.internal"],
                    ]),
                ]))
        #expect(configuration == nil && problems.contains { $0.contains("sts.endpoints[1].issuer.host: duplicate of") })
    }
}
