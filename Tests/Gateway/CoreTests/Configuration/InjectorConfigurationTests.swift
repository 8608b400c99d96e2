import GatewayCore
import JSON
import Testing

@Suite("The injector block and the token rules of a configuration")
struct InjectorConfigurationTests {
    private func problems(_ changes: KeyValuePairs<String, JSONValue>) -> [String] {
        let catalog = PluginCatalog(plugins: [FiledProvider.self])
        var members: [JSONValue.Member] = [
            .init("name", "filed"), .init("azRules", [["scope": "filter", "constraint": "(namespace=myns)"]]),
            .init("issuer", ["host": "issuer.example.com"]),
        ]
        for (name, value) in changes { members.append(.init(name, value)) }
        return ExampleDocument.load(["sts": ["endpoints": [.object(members)]]], plugins: catalog).problems
    }

    @Test("An unknown placeholder is an error that suggests the known one")
    func placeholders() {
        #expect(
            problems(["injector": ["variables": ["A": "{namespce}", "B": "{region}"]]]) == [
                "error: sts.endpoints[0].injector.variables.A: unknown placeholder {namespce}; did you mean {namespace}?",
                "error: sts.endpoints[0].injector.variables.B: unknown placeholder {region}; expected {annotation}, "
                    + "{namespace}, {saname}, {cluster}, {endpoint}, {audience}, {issuer} or {tokenFile}",
            ])
    }

    @Test(
        "A file that cannot be rendered in its format is an error",
        arguments: [
            ("a.json", #"{"user": {saname}}"#, "not valid JSON"), ("a.json", "{", "not valid JSON"),
            ("a.toml", "user = {saname}", "not in double quotes"),
            ("a.yml", "user: '{saname}'", "not in double quotes"),
            ("token", "x", "invalid value"), ("../a", "x", "invalid value"), (".a", "x", "invalid value"),
            ("a.txt", "{user}", "unknown placeholder {user}"), ("a.txt", String(repeating: "x", count: 8_193), "bytes"),
        ])
    func files(name: String, contents: String, problem: String) {
        let found = problems(["injector": ["files": [["name": .string(name), "contents": .string(contents)]]]])
        #expect(found.count == 1 && found[0].hasPrefix("error: ") && found[0].contains(problem), "\(found)")
    }

    @Test("Two variables of one name, and two files of one name, are errors")
    func duplicates() {
        let file: JSONValue = ["name": "a", "contents": "x", "variable": "A"]
        let found = problems([
            "injector": [
                "token_environment_variable_name": "T", "variables": ["A": "1", "T": "2"], "files": [file, file],
            ]
        ])
        #expect(found.filter { $0.contains("T is already set") }.count == 1, "\(found)")
        #expect(found.filter { $0.contains("A is already set") }.count == 1, "\(found)")
        #expect(found.filter { $0.contains("duplicate name \"a\"") }.count == 1, "\(found)")
    }

    @Test(
        "A lifetime that the relying party does not accept is an error", arguments: ["29m", "3h"])
    func lifetime(ttl: String) {
        #expect(
            problems(["token": ["ttl": .string(ttl)]]) == [
                "error: sts.endpoints[0].token.ttl: \(ttl) is not supported by the relying party; expected 30m to 2h"
            ])
    }

    @Test("A subject that can never fit is found when the configuration is read")
    func subject() {
        #expect(problems(["token": ["subject": "a-prefix-that-just-fits:{namespace}:{saname}"]]) == [])
        let long = problems(["token": ["subject": "a-prefix-that-is-far-too-long:{namespace}:{saname}"]])
        #expect(
            long == [
                "error: sts.endpoints[0].token.subject: every subject has at least 33 bytes; the relying party accepts "
                    + "30: use a shorter template or cluster name"
            ])
    }

    @Test("A token that ends with the ServiceAccount token may be too short for the SDKs")
    func capped() {
        let found = problems(["token": ["capToSubject": true]])
        #expect(found.count == 1 && found[0].contains("less than the 1800 seconds"), "\(found)")
    }
}
