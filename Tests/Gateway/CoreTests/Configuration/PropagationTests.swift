import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("The default of rotation.propagation")
struct PropagationTests {
    /// A provider whose verifiers need ten minutes.
    private struct SlowProvider: ProviderPlugin {
        static let id: PluginID = PluginID("slow")
        static let defaults = EndpointDefaults(
            injector: .init(label: "slow", tokenVariable: "SLOW_TOKEN_FILE", valueVariable: nil),
            algorithms: [.es256],
            propagation: KeyPropagation(newKey: 900, oldKey: .undocumented, evidence: "A test."))

        init(endpoint: Endpoint, settings: NoSettings, context: PluginContext) throws(SettingsErrors) {}

        func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection { PodInjection() }
    }

    private func propagation(_ members: [JSONValue.Member], plugin: String = "example") throws -> Int {
        try ExampleEndpoint.configuration(
            [.init("plugin", .string(plugin))] + members, plugins: [ExampleProvider.self, SlowProvider.self]
        ).rotation.propagation
    }

    @Test("It is what the relying party needs, 2 h where that is not known, and never less than twice maxAge")
    func documents() throws {
        #expect(try propagation([]) == 7_200)
        #expect(try propagation([], plugin: "slow") == 900)
        #expect(try propagation([.init("rotation", ["maxAge": "10m"])], plugin: "slow") == 1_200)
        #expect(try propagation([.init("rotation", ["propagation": "30m"])], plugin: "slow") == 1_800)
    }

    @Test("With a hand-over it is what the recipient needs, without a minimum for caches of documents")
    func keys() throws {
        let publish = JSONValue.Member("publish", ["shelf": "party", "handsOver": true])
        #expect(try propagation([publish]) == 60)
        #expect(try propagation([publish, .init("rotation", ["propagation": "2s"])]) == 2)
    }

    @Test("An endpoint publishes through another plugin than its own")
    func otherPublisher() throws {
        let configuration = try ExampleEndpoint.configuration(
            [.init("plugin", "slow"), .init("publish", ["plugin": "example", "shelf": "there"])],
            plugins: [ExampleProvider.self, SlowProvider.self])
        #expect(configuration.pluginID.rawValue == "slow")
        #expect(configuration.publisher?.pluginID.rawValue == "example")
        #expect(configuration.publisher?.plan.location == "there")
        #expect(configuration.rotation.propagation == 900)
    }
}
