import GatewayTestSupport
import JSON
import Testing

@testable import GatewayCore

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

    @Test("without shared values are valid")
    func apart() { #expect(problems([:]) == []) }

    @Test("may not share a name")
    func name() {
        #expect(
            problems(["name": "example"]) == [
                #"error: sts.endpoints[1].name: duplicate of sts.endpoints[0].name ("example"); use a different name"#
            ])
    }

    @Test("may not share a path")
    func path() {
        #expect(
            problems(["path": "/example"]) == [
                #"error: sts.endpoints[1].path: duplicate of sts.endpoints[0].path ("/example"); use a different path"#
            ])
    }

    @Test("may not share an issuer, in any spelling of the host")
    func issuer() {
        #expect(
            problems(["issuer": ["host": "ISSUER.example.com"]]) == [
                #"error: sts.endpoints[1].issuer.host: duplicate of sts.endpoints[0].issuer.host ("https://issuer.example.com"); use a different host or issuer.path"#
            ])
    }

    @Test("may not share the location of their documents")
    func place() {
        #expect(
            problems(["publish": ["shelf": "one"]], first: ["publish": ["shelf": "one"]]) == [
                #"error: sts.endpoints[1].publish: duplicate of sts.endpoints[0].publish ("one"); publish each endpoint to a different location"#
            ])
        #expect(problems(["publish": ["shelf": "two"]], first: ["publish": ["shelf": "one"]]) == [])
    }

    @Test("may hand over the keys of one with a token of the other, whose keys are published")
    func tokenEndpoint() {
        func handOver(_ shelf: JSONValue, _ other: JSONValue) -> JSONValue {
            ["shelf": shelf, "handsOver": true, "tokenEndpoint": other]
        }
        #expect(problems(["publish": handOver("a", "example")], first: ["publish": ["shelf": "b"]]) == [])
        #expect(
            problems(["publish": handOver("a", "third")], first: ["publish": ["shelf": "b"]]) == [
                #"error: sts.endpoints[1].publish: there is no endpoint "third", whose token authorizes the hand-over; add it"#
            ])
        for other in [handOver("b", "second"), ["shelf": "b", "handsOver": true]] {
            let found = problems(["publish": handOver("a", "example")], first: ["publish": other])
            #expect(
                found.contains { $0.hasPrefix("error: sts.endpoints[1].publish: the keys of the endpoint \"example\"") }
            )
        }
        #expect(
            problems(["publish": handOver("a", "second")]).contains {
                $0.contains("must be published at an issuer URL of its own")
            })
    }

    @Test("may not share a key")
    func keypair() {
        #expect(
            problems(
                ["issuer": ["host": "second.example.com", "keypair": "key"]],
                first: ["issuer": ["host": "issuer.example.com", "keypair": "key"]]) == [
                    #"error: sts.endpoints[1].issuer.keypair: duplicate of sts.endpoints[0].issuer.keypair ("key"); use a different Secret"#
                ])
    }

    @Test(
        "may not have a path at or below a route of the other",
        arguments: ["token", "certs", "sig-cert", "issuer-docs", "token/user"])
    func route(_ route: String) {
        let first = route.split(separator: "/")[0]
        #expect(
            problems(["path": .string("/example/\(route)")]) == [
                #"error: sts.endpoints[1].path: "/example/\#(route)" conflicts with the route "/example/\#(first)" of sts.endpoints[0]; use a different path"#
            ])
    }

    @Test("conflict in any order")
    func routeOfLater() {
        #expect(
            problems([:], first: ["path": "/second/token"]) == [
                #"error: sts.endpoints[0].path: "/second/token" conflicts with the route "/second/token" of sts.endpoints[1]; use a different path"#
            ])
    }

    @Test("may not have an issuer at or below a document of the other")
    func issuerDocument() {
        #expect(
            problems(["issuer": ["host": "issuer.example.com", "path": "/certs/two"]]) == [
                #"error: sts.endpoints[1].issuer.path: "/certs/two" conflicts with the document "/certs" of sts.endpoints[0]; use a different path"#
            ])
    }

    @Test("share a label, and each later one is reported once, against the first, however many there are")
    func manyOfOneLabel() {
        let count = 5_000
        let endpoints = (0..<count).map { number in
            ExampleDocument.endpoint([
                "name": .string("e\(number)"), "plugin": "example", "path": .string("/e\(number)"),
                "issuer": ["host": .string("e\(number).example.com")],
            ])
        }
        let (configuration, problems) = ExampleDocument.load(ExampleDocument.document(endpoints: endpoints))
        #expect(configuration?.endpoints.count == count)
        let warnings = problems.filter { $0.contains("duplicate of sts.endpoints[0].injector: both inject") }
        #expect(warnings.count == count - 1)
        #expect(problems.count == warnings.count)
    }

    @Test("share all values, and each later one has one error for each")
    func allTheSame() {
        let endpoints = Array(repeating: ExampleDocument.endpoint([:]), count: 200)
        let problems = ExampleDocument.load(ExampleDocument.document(endpoints: endpoints)).problems
        for key in ["name", "path", "issuer.host", "injector"] {
            let found = problems.filter { $0.contains("].\(key): duplicate of sts.endpoints[0].\(key)") }
            #expect(found.count == 199, "\(key)")
        }
    }
}

@Suite("The first holders of values")
struct FirstHoldersTests {
    private final class Counter {
        var comparisons = 0
    }

    private struct Counted: Hashable {
        let value: Int
        let counter: Counter

        static func == (first: Counted, second: Counted) -> Bool {
            first.counter.comparisons += 1
            return first.value == second.value
        }

        func hash(into hasher: inout Hasher) { hasher.combine(value) }
    }

    @Test("are found with few comparisons for each value, whether values are shared or not", arguments: [1, 2, 10_000])
    func comparisons(distinct: Int) {
        var holders = FirstHolders<Counted>()
        let counter = Counter()
        for index in 0..<10_000 {
            let first = holders.take(Counted(value: index % distinct, counter: counter), of: index)
            #expect(first == (index < distinct ? nil : index % distinct))
        }
        // All pairs would be 50 million. A hash table compares some values of the same bucket, too.
        #expect(counter.comparisons < 100_000)
        #expect(holders.take(nil, of: 0) == nil)
    }
}
