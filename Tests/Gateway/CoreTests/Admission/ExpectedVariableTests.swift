import GatewayCore
import GatewayPluginAPI
import JOSE
import JSON
import Testing

/// Variables with the same meaning, and variables that a Pod is expected to have.
@Suite("Admission: variables that a plugin relates")
struct ExpectedVariableTests {
    private func outcome(_ containers: JSONValue, isPlaceConfigured: Bool) throws -> PodMutation.Outcome {
        let endpoint = try ExampleEndpoint.configuration(
            [.init("plugin", .string(isPlaceConfigured ? "placed" : "unplaced"))],
            plugins: [PlacedProvider.self, UnplacedProvider.self])
        return try PodMutation(InjectionExample.policy, endpoints: [endpoint])
            .patch(InjectionExample.pod(spec: [.init("containers", containers)]), namespace: "shop")
    }

    private func names(_ outcome: PodMutation.Outcome) -> Set<String> {
        Set(
            ["PLACE", "DEFAULT_PLACE"].filter {
                outcome.patch.json.text.contains(#"{"name":"\#($0)","value":"north"}"#)
            })
    }

    @Test("A container without either variable gets both, and nobody is warned; a second review adds nothing")
    func both() throws {
        let outcome = try outcome([["name": "app"]], isPlaceConfigured: true)
        #expect(names(outcome) == ["PLACE", "DEFAULT_PLACE"])
        #expect(outcome.warnings == [])
        let again = try self.outcome(
            [
                [
                    "name": "app",
                    "env": [["name": "PLACE", "value": "north"], ["name": "DEFAULT_PLACE", "value": "north"]],
                ]
            ],
            isPlaceConfigured: true)
        #expect(names(again) == [])
        #expect(again.warnings == [])
    }

    @Test(
        "A container that sets one of them itself gets neither, wherever its value comes from",
        arguments: [
            ["name": "PLACE", "value": "south"], ["name": "DEFAULT_PLACE", "value": "south"],
            ["name": "DEFAULT_PLACE", "value": ""],
            ["name": "DEFAULT_PLACE", "valueFrom": ["configMapKeyRef": ["name": "places", "key": "place"]]],
        ] as [JSONValue])
    func neither(variable: JSONValue) throws {
        let outcome = try outcome([["name": "app", "env": [variable]]], isPlaceConfigured: true)
        #expect(names(outcome) == [])
        #expect(
            outcome.warnings == [
                "the container \"app\" sets \(variable["name"]?.stringValue ?? "") itself; remove it to use the "
                    + "injected value"
            ])
    }

    @Test("Another container of the Pod gets both")
    func otherContainer() throws {
        let outcome = try outcome(
            [["name": "app", "env": [["name": "PLACE", "value": "south"]]], ["name": "other"]], isPlaceConfigured: true)
        let added = outcome.patch.json.text
        #expect(names(outcome) == ["PLACE", "DEFAULT_PLACE"])
        #expect(added.contains("/spec/containers/1/env") && added.split(separator: #""name":"PLACE""#).count == 2)
    }

    @Test("A Pod whose containers get none of the expected variables is admitted with a warning")
    func warned() throws {
        let outcome = try outcome([["name": "app"], ["name": "other"]], isPlaceConfigured: false)
        #expect(outcome.endpoints == ["one"])
        #expect(
            outcome.warnings == [
                "no container of the Pod sets PLACE or DEFAULT_PLACE, which one expects; calls need a place, so set one"
            ])
    }

    @Test(
        "A container that sets one, or may set one by envFrom, is enough",
        arguments: [
            ["name": "other", "env": [["name": "DEFAULT_PLACE", "value": "south"]]],
            ["name": "other", "env": [["name": "PLACE", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]]]],
            ["name": "other", "envFrom": [["configMapRef": ["name": "settings"]]]],
        ] as [JSONValue])
    func enough(container: JSONValue) throws {
        let containers: JSONValue = [["name": "app", "envFrom": []], container]
        let warnings = try outcome(containers, isPlaceConfigured: false).warnings
        #expect(!warnings.contains { $0.hasPrefix("no container of the Pod sets") })
    }
}

/// A plugin whose relying party's SDKs need a place.
private struct PlacedProvider: ProviderPlugin {
    static let id: PluginID = PluginID("placed")
    static let defaults = EndpointDefaults(
        audiences: ["https://placed.example.com"], recognizedAudiences: ["https://placed.example.com"],
        injector: .init(label: "example-role", tokenVariable: "PLACED_TOKEN_FILE", valueVariable: nil),
        algorithms: [.rs256])

    init(endpoint: Endpoint, settings: NoSettings, context: PluginContext) throws(SettingsErrors) {}

    func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        PodInjection(
            value: request.annotation,
            environment: [
                .init("PLACE", "north", unlessSet: ["DEFAULT_PLACE"]),
                .init("DEFAULT_PLACE", "north", unlessSet: ["PLACE"]),
            ], expectedVariables: UnplacedProvider.expected)
    }
}

/// The same without a configured place.
private struct UnplacedProvider: ProviderPlugin {
    static let id: PluginID = PluginID("unplaced")
    static let defaults = EndpointDefaults(
        audiences: ["https://unplaced.example.com"], recognizedAudiences: ["https://unplaced.example.com"],
        injector: .init(label: "example-role", tokenVariable: "PLACED_TOKEN_FILE", valueVariable: nil),
        algorithms: [.rs256])
    static let expected = [
        PodInjection.ExpectedVariable(
            anyOf: ["PLACE", "DEFAULT_PLACE"], advice: "calls need a place, so set one")
    ]

    init(endpoint: Endpoint, settings: NoSettings, context: PluginContext) throws(SettingsErrors) {}

    func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        PodInjection(value: request.annotation, expectedVariables: Self.expected)
    }
}
