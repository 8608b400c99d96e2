import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import JOSE
import JSON
import Testing

@Suite("The forms of claims")
struct ClaimFormsTests {
    /// The claims of the sample token, or the problems of the configuration.
    private func claims(_ members: [JSONValue.Member]) throws -> JSONValue {
        let endpoint = try ExampleEndpoint.configuration(members)
        return try #require(SampleToken.json(of: endpoint, at: ExampleEndpoint.now)).claims
    }

    private func problems(_ key: String, _ value: JSONValue) -> [String] {
        var changes: KeyValuePairs<String, JSONValue> = [:]
        changes = key == "claims" ? ["token": ["claims": value]] : ["additionalAttributes": value]
        return ExampleDocument.load(ExampleDocument.document(endpoints: [ExampleDocument.endpoint(changes)])).problems
    }

    @Test("Attributes are replaced at any depth, and what is absent is omitted")
    func nested() throws {
        let claims = try claims([
            .init(
                "token",
                [
                    "claims": [
                        "tags": [
                            "principal": [
                                "ns": [["attribute": "namespace"]], "cred": [["attribute": "credential-id"]],
                            ],
                            "keys": ["ns"], "count": 2,
                        ],
                        "mail": "{saname}@{namespace}.{endpoint}", "literal": "{team} {}", "gone": "{credential-id}",
                        "all": ["attribute": "groups"],
                    ]
                ])
        ])
        #expect(claims["tags"] == ["principal": ["ns": ["sample"]], "keys": ["ns"], "count": 2])
        #expect(claims["mail"] == "web@sample.one")
        #expect(claims["literal"] == "{team} {}")
        #expect(claims["gone"] == nil)
        #expect(claims["all"]?.elementList?.count == 3)
    }

    @Test("OpenUnison's list of mappings gives static, user and composite claims")
    func openUnison() throws {
        let claims = try claims([
            .init(
                "additionalAttributes",
                [
                    ["target": "team", "type": "static", "source": "red"],
                    ["target": "who", "type": "user", "source": "saname"],
                    ["target": "full", "type": "composite", "source": "${namespace}.${saname}@example.com"],
                    "node-name",
                ])
        ])
        #expect(claims["team"] == "red" && claims["who"] == "web" && claims["full"] == "sample.web@example.com")
        #expect(claims["node-name"] == "node-1")
    }

    @Test(
        "A mapping that cannot be issued is an error that says what is supported",
        arguments: [
            (["target": "a", "type": "custom", "source": "com.example.Mapper"], "custom mappings are classes"),
            (["target": "a", "type": "statik", "source": "x"], "expected static, user or composite"),
            (["target": "a", "type": "user", "source": "givenName"], "unknown attribute \"givenName\""),
            (["target": "a", "type": "composite", "source": "${sn}"], "unknown attribute \"sn\""),
            (["target": "a", "type": "composite", "source": "${groups}"], "groups has several values"),
            (["target": "sub", "type": "static", "source": "x"], "reserved claim"),
            (["target": "a", "type": "static"], "missing required key"),
            (["target": "a", "type": "static", "source": "x", "sorce": "y"], "unknown key \"sorce\""),
        ] as [(JSONValue, String)])
    func invalid(mapping: JSONValue, problem: String) {
        let found = problems("additionalAttributes", [mapping])
        #expect(found.count == 1 && found[0].hasPrefix("error: ") && found[0].contains(problem), "\(found)")
    }

    @Test("An unknown attribute inside of an object is an error with its place")
    func nestedProblem() {
        #expect(
            problems("claims", ["tags": ["ns": [["attribute": "namespce"]]]]) == [
                "error: sts.endpoints[0].token.claims.tags.ns[0].attribute: unknown attribute \"namespce\"; did you mean "
                    + "\"namespace\"?"
            ])
        #expect(problems("claims", ["g": "all of {groups}"]).first?.contains("groups has several values") == true)
    }

    @Test("The names of nested labels are read before the token is issued")
    func metadata() throws {
        let endpoint = try #require(
            ExampleDocument.load(
                ExampleDocument.document(endpoints: [
                    ExampleDocument.endpoint([
                        "token": ["claims": ["x": ["y": [["attribute": "namespace-label/team"]]], "z": "{sa-label/a}"]]
                    ])
                ])
            ).configuration?.endpoints.first)
        #expect(endpoint.token.metadataSources.count == 2)
    }
}
