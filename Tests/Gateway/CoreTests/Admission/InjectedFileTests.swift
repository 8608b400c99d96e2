import GatewayCore
import GatewayPluginAPI
import JOSE
import JSON
import Testing

@Suite("Admission: files and templated variables")
struct InjectedFileTests {
    private func outcome(
        _ endpoints: [EndpointConfiguration], pod: JSONValue = InjectionExample.pod()
    ) throws -> PodMutation.Outcome {
        try PodMutation(InjectionExample.policy, endpoints: endpoints).patch(pod, namespace: "shop")
    }

    /// The sidecar's variable of files, parsed; nil where it has none.
    private func files(_ outcome: PodMutation.Outcome) throws -> JSONValue? {
        let sidecar = outcome.patch.json.elementList?.compactMap { $0["value"] }
            .flatMap { $0.elementList ?? [$0] }.first { $0["name"] == "sts-sidecar" }
        let setting = sidecar?["env"]?.elementList?.first { $0["name"] == "STS_FILES" }?["value"]?.stringValue
        return try setting.map { try JSONValue(parsing: Array($0.utf8)) }
    }

    private func configured(_ injector: JSONValue) throws -> EndpointConfiguration {
        try InjectionExample.one([.init("injector", injector)])
    }

    @Test("A configured JSON file has the Pod's values, escaped, and a variable with its path")
    func json() throws {
        let endpoint = try configured([
            "files": [
                [
                    "name": "user.json", "variable": "USER_FILE",
                    "contents":
                        #"{"user": "{namespace}/{saname}", "role": "{annotation}", "file": "{tokenFile}", "n": 1}"#,
                ]
            ]
        ])
        let pod = InjectionExample.pod(annotations: ["example-role": #"a"b\{x}$(HOME)"#])
        let outcome = try outcome([endpoint], pod: pod)
        let text = try #require(try files(outcome)?["one/user.json"]?.stringValue)
        #expect(
            try JSONValue(parsing: Array(text.utf8)) == [
                "user": "shop/default", "role": #"a"b\{x}$(HOME)"#, "file": "/var/run/secrets/sts/one/token", "n": 1,
            ])
        #expect(outcome.patch.json.text.contains(#"{"name":"USER_FILE","value":"/var/run/secrets/sts/one/user.json"}"#))
    }

    @Test("The setting has no dollar sign, which Kubernetes would expand")
    func noDollar() throws {
        let endpoint = try configured(["files": [["name": "a.txt", "contents": "$(HOME) $$ {saname}\n"]]])
        let outcome = try outcome([endpoint])
        let patch = outcome.patch.json.text
        #expect(!patch.contains("$(HOME)"))
        #expect(try files(outcome)?["one/a.txt"] == "$(HOME) $$ default\n")
    }

    @Test("A variable is templated, replaces the plugin's, and is omitted where a placeholder has no value")
    func variables() throws {
        let endpoint = try configured([
            "annotation": "optional",
            "variables": [
                "EXAMPLE_WORKLOAD": "{cluster}/{endpoint}/{saname}", "ROLE_ONLY": "{annotation}", "BRACES": "{} { {9}",
            ],
        ])
        let text = try outcome([endpoint]).patch.json.text
        #expect(text.contains(#"{"name":"EXAMPLE_WORKLOAD","value":"test/one/default"}"#))
        #expect(!text.contains("shop/default"))
        #expect(text.contains(#"{"name":"ROLE_ONLY","value":"reader"}"#))
        #expect(text.contains(#"{"name":"BRACES","value":"{} { {9}"}"#))
    }

    @Test("A plugin's file and an endpoint without annotation are injected; a second review adds nothing")
    func optionalAnnotation() throws {
        let endpoint = try ExampleEndpoint.configuration([.init("plugin", "filed")], plugins: [FiledProvider.self])
        let pod = InjectionExample.pod(annotations: [:])
        let outcome = try outcome([endpoint], pod: pod)
        #expect(outcome.warnings == [] && outcome.endpoints == ["one"])
        #expect(try files(outcome) == ["one/filed.json": #"{"token":"/var/run/secrets/sts/one/token"}"#])
        #expect(!outcome.patch.json.text.contains("FILED_TOKEN_FILE"))
        let again = try self.outcome([endpoint], pod: try #require(outcome.patch.applied(to: pod)))
        #expect(again.patch.json == [])
    }

    @Test("Files of an endpoint that this replica does not know stay, and those of a known endpoint are replaced")
    func otherReplica() throws {
        let two = try InjectionExample.two([
            .init(
                "injector",
                ["label": "two-role", "files": [["name": "two.txt", "contents": "two of {saname}"]]])
        ])
        let old = try configured(["files": [["name": "one.txt", "contents": "old"]]])
        let new = try configured(["files": [["name": "one.txt", "contents": "new"]]])
        let pod = InjectionExample.pod(
            labels: ["example-role", "two-role"], annotations: ["example-role": "reader", "two-role": "writer"])
        let first = try outcome([old, two], pod: pod)
        let injected = try #require(first.patch.applied(to: pod))
        let second = try outcome([new], pod: injected)
        let env = try #require(second.patch.applied(to: injected))["spec"]?["initContainers"]?.elementList?.first?[
            "env"]
        let setting = try #require(env?.elementList?.first { $0["name"] == "STS_FILES" }?["value"]?.stringValue)
        #expect(
            try JSONValue(parsing: Array(setting.utf8)) == ["one/one.txt": "new", "two/two.txt": "two of default"])
    }

    @Test("A line break of an annotation never gets into a file or a variable")
    func lineBreaks() throws {
        let endpoint = try ExampleEndpoint.configuration(
            [
                .init("plugin", "filed"),
                .init("injector", ["files": [["name": "a.ini", "contents": "[x]\nuser = {annotation}\n"]]]),
            ], plugins: [FiledProvider.self])
        let pod = InjectionExample.pod(annotations: ["example-role": "x\n[admin]"])
        let denial = #expect(throws: AdmissionDenial.self) { try outcome([endpoint], pod: pod) }
        #expect(denial?.message.contains("a.ini") == true)
    }

    @Test("A subject that is longer than the relying party accepts is denied, with the key that shortens it")
    func subject() throws {
        let endpoint = try ExampleEndpoint.configuration([.init("plugin", "filed")], plugins: [FiledProvider.self])
        let name = String(repeating: "n", count: 40)
        let denial = #expect(throws: AdmissionDenial.self) {
            try outcome([endpoint], pod: InjectionExample.pod(spec: [.init("serviceAccountName", .string(name))]))
        }
        #expect(denial?.message.contains("token.subject") == true)
        #expect(denial?.message.contains("has 50 bytes, but the relying party accepts 30") == true)
    }

    @Test("The sidecar learns how long a token must remain valid when it is renewed")
    func renewal() throws {
        let endpoint = try ExampleEndpoint.configuration([.init("plugin", "filed")], plugins: [FiledProvider.self])
        #expect(try outcome([endpoint]).patch.json.text.contains(#"{"name":"STS_RENEW_BEFORE","value":"one=720s"}"#))
    }

    @Test("The sidecar learns the lifetime that the Pod's annotation requests, up to that of the endpoint")
    func lifetime() throws {
        let endpoint = try InjectionExample.one()
        func text(_ lifetime: String) throws -> String {
            let pod = InjectionExample.pod(
                annotations: ["example-role": "reader", "example-role-lifetime": lifetime])
            return try PodMutation(InjectionExample.policy, endpoints: [endpoint]).patch(pod, namespace: "shop")
                .patch.json.text
        }
        #expect(try text("10m").contains(#"{"name":"STS_LIFETIMES","value":"one=600s"}"#))
        #expect(try text("900").contains(#"{"name":"STS_LIFETIMES","value":"one=900s"}"#))
        #expect(try !text("").contains("STS_LIFETIMES"), "an empty annotation is none")
        for invalid in ["16m", "59s", "-1", "x", "10 m", "1h\n"] {
            let denial = #expect(throws: AdmissionDenial.self) { try text(invalid) }
            #expect(
                denial?.message.contains("tremolo.io/example-role-lifetime: invalid lifetime") == true
                    && denial?.message.contains("expected 60s to 15m, such as 10m") == true, "\(denial?.message ?? "")")
        }
    }

    @Test("A variable of another endpoint that an endpoint's SDKs would use instead of its token is a warning")
    func foreignVariable() throws {
        let filed = try ExampleEndpoint.configuration(
            [
                .init("name", "two"), .init("path", "/two"), .init("issuer", ["host": "two.example.com"]),
                .init("plugin", "filed"),
            ], plugins: [FiledProvider.self])
        let warnings = try outcome([try InjectionExample.one(), filed]).warnings
        #expect(
            warnings == [
                "EXAMPLE_TOKEN_FILE is set for one, so the token of two may not be used: the driver reads it first"
            ])
    }
}

/// A plugin that needs no annotation and names the token file in a file.
struct FiledProvider: ProviderPlugin {
    static let id: PluginID = PluginID("filed")
    static let defaults = EndpointDefaults(
        audiences: ["https://filed.example.com"], recognizedAudiences: ["https://filed.example.com"],
        injector: .init(
            label: "example-role", annotation: .optional, tokenVariable: nil, valueVariable: nil,
            exclusiveVariables: ["FILED_CONFIG"]),
        algorithms: [.rs256], limits: RelyingPartyLimits(subjectLength: 30),
        tokens: TokenRules(
            timeToLive: 3_600, minimumLifetime: 1_800, maximumLifetime: 7_200, remainingAtRenewal: 720,
            hasTokenID: false, type: "at+jwt"))

    init(endpoint: Endpoint, settings: NoSettings, context: PluginContext) throws(SettingsErrors) {}

    func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        let json: JSONValue = ["token": .string(request.tokenFile)]
        return PodInjection(
            files: [.init(name: "filed.json", contents: json.text, variable: "FILED_CONFIG")],
            conflictingVariables: [.init(anyOf: ["EXAMPLE_TOKEN_FILE"], advice: "the driver reads it first")])
    }
}
