import GatewayCore
import GatewayTestSupport
import JSON
import Testing

@Suite("Two endpoints")
struct EndpointCollisionTests {
    private func problems(_ changes: KeyValuePairs<String, JSONValue>, first: KeyValuePairs<String, JSONValue> = [:])
        -> [String]
    {
        let second: JSONValue = [
            "name": "second", "plugin": "example", "path": "/second", "issuer": ["host": "second.example.com"],
            "azRules": [["scope": "group", "constraint": "system:serviceaccounts:a"]], "injector": ["label": "second"],
        ]
        guard case .object(var members) = second else { return [] }
        for (name, value) in changes {
            members.removeAll { $0.name == name }
            members.append(.init(name, value))
        }
        return ExampleDocument.load(
            ExampleDocument.document(endpoints: [ExampleDocument.endpoint(first), .object(members)])
        ).problems
    }

    @Test("that share nothing are fine")
    func apart() { #expect(problems([:]) == []) }

    @Test("may not share a name")
    func name() {
        #expect(
            problems(["name": "example"]) == [
                #"error: sts.endpoints[1].name: "example" is used by sts.endpoints[0] already; give each endpoint its own name"#
            ])
    }

    @Test("may not share a path")
    func path() {
        #expect(
            problems(["path": "/example"]) == [
                #"error: sts.endpoints[1].path: "/example" is used by sts.endpoints[0] already; give each endpoint its own path"#
            ])
    }

    @Test("may not share an issuer, however its host is spelt")
    func issuer() {
        #expect(
            problems(["issuer": ["host": "ISSUER.example.com"]]) == [
                #"error: sts.endpoints[1].issuer.host: "https://issuer.example.com" is used by sts.endpoints[0] already; give each endpoint its own issuer, by another host or path"#
            ])
    }

    @Test("may not share the place that they publish to")
    func place() {
        #expect(
            problems(["publish": ["shelf": "one"]], first: ["publish": ["shelf": "one"]]) == [
                #"error: sts.endpoints[1].publish: "one" is where sts.endpoints[0] publishes already; give each endpoint its own place"#
            ])
        #expect(problems(["publish": ["shelf": "two"]], first: ["publish": ["shelf": "one"]]) == [])
    }

    @Test("may not share a key")
    func keypair() {
        #expect(
            problems(
                ["issuer": ["host": "second.example.com", "keypair": "key"]],
                first: ["issuer": ["host": "issuer.example.com", "keypair": "key"]]) == [
                    #"error: sts.endpoints[1].issuer.keypair: "key" is used by sts.endpoints[0] already; give each endpoint its own key"#
                ])
    }

    @Test(
        "may not have one path at or below a route of the other",
        arguments: ["token", "certs", "sig-cert", "issuer-docs", "token/user"])
    func route(_ route: String) {
        let first = route.split(separator: "/")[0]
        #expect(
            problems(["path": .string("/example/\(route)")]) == [
                #"error: sts.endpoints[1].path: "/example/\#(route)" lies at or below "/example/\#(first)", a route of sts.endpoints[0]; write another path"#
            ])
    }

    @Test("collide in whatever order they are")
    func routeOfLater() {
        #expect(
            problems([:], first: ["path": "/second/token"]) == [
                #"error: sts.endpoints[0].path: "/second/token" lies at or below "/second/token", a route of sts.endpoints[1]; write another path"#
            ])
    }

    @Test("may not have one issuer at or below a document of the other")
    func issuerDocument() {
        #expect(
            problems(["issuer": ["host": "issuer.example.com", "path": "/certs/two"]]) == [
                #"error: sts.endpoints[1].issuer.path: "/certs/two" lies at or below "/certs", where sts.endpoints[0] has a document; write another path"#
            ])
    }
}
