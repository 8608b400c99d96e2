import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import Synchronization
import Testing

@testable import GatewayServer

@Suite("Publishers that outlive a reload")
final class OpenedPublishersTests {
    private let publishers = OpenedPublishers()
    private let opened = Mutex<[@Sendable () -> PublicationTools.Part]>([])
    private let tools: PublicationTools
    private let configuration: EndpointConfiguration
    private let keys: CurrentSigningKeys

    init() throws {
        let gateway = try ExampleGateway()
        tools = PublicationTools(
            in: HostEnvironment(
                version: "test", environment: [:], namespace: nil, resolve: { $0 }, clock: { ExampleGateway.now },
                writeAudit: { _ in true }), logger: gateway.log.logger)
        let configuration = gateway.endpoints[0].configuration
        self.configuration = configuration.changed {
            $0.publisher = EndpointConfiguration.Publisher(
                pluginID: configuration.pluginID, plan: PublisherPlan(location: "here") { _ in FakePublisher() },
                settings: "one")
        }
        keys = gateway.endpoints[0].keys
    }

    private func open(_ change: (inout EndpointConfiguration.Parts) -> Void = { _ in }) throws -> FakePublisher? {
        let configuration = configuration.changed(change)
        let part = PublicationTools.Part(
            configuration: configuration, keys: keys, probe: tools.probe(configuration),
            maySuccessorSign: { true }, tokenSource: nil)
        let publisher = publishers.publisher(
            for: part, identity: OpenedPublishers.Identity(configuration, isByAdministrator: false)
        ) { current in
            opened.withLock { $0.append(current) }
            return .documents(FakePublisher())
        }
        guard case .documents(let documents) = publisher else { return nil }
        return documents as? FakePublisher
    }

    @Test(
        "The publisher is the same where its block, cluster, issuer and audiences are, and asks the new configuration")
    func survives() async throws {
        let first = try #require(try open())
        let second = try #require(
            try open { configuration in
                configuration.token.timeToLive = 60
                configuration.probe.interval = 7
            })
        #expect(first === second)
        let current = opened.withLock { $0 }
        #expect(current.count == 1 && current[0]().configuration.probe.interval == 7)
        await tools.close()
    }

    @Test("Another block, issuer or maximum age has a publisher of its own, and so has an endpoint that was away")
    func isReplaced() async throws {
        let first = try #require(try open())
        #expect(try open { $0.publisher?.settings = "two" } !== first)
        #expect(try open { $0.rotation.maximumAge = 7 } !== first)
        let again = try #require(try open())
        publishers.retain([])
        #expect(try open() !== again)
        await tools.close()
    }
}
