import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import HTTPTypes
import JOSE
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite(.hangs) struct ConfigurationMountingTests {
    private let gateway: ExampleGateway

    init() throws { gateway = try ExampleGateway() }

    private func configuration(_ names: String...) throws -> GatewayConfiguration {
        try ExampleGateway.configuration(of: names.map { ExampleGateway.endpoint($0) })
    }

    private func status(_ path: String, _ mounted: MountedConfiguration, _ example: ExampleMounting) async throws -> Int
    {
        try await gateway.send(.get, path, to: example.responder(mounted.tokens)).status
    }

    @Test func `a built configuration has no effect before it is committed`() async throws {
        try await ExampleMounting.run { example in
            let first = try await example.mount(configuration("one"))
            let keys = first.endpoints[0].keys
            let built = try await example.mounting.build(configuration("one", "two"), after: first)
            #expect(try await status("/two/certs", first, example) == 404)
            // The configuration in force still follows the store.
            let certificate = try KeyCertificate.selfSigned(
                for: TestKeys.ec, endpoint: "one", from: example.time.now, lifetime: 86_400)
            let ring = try #require(example.rings["one"]).value.adding(
                TestKeys.ec, certificate: certificate, at: example.time.now,
                policy: first.endpoints[0].configuration.rotationPolicy)
            example.rings.put(ring, for: "one")
            example.mounting.rings.replicas.apply(.document(try #require(example.rings["one"])))
            #expect(keys.snapshot.keys.map(\.keyID).contains(TestKeys.ec.keyID))

            let second = example.mounting.commit(built, after: first)
            #expect(try await status("/two/certs", second, example) == 200)
            #expect(second.endpoints[0].keys.snapshot.keys.map(\.keyID) == keys.snapshot.keys.map(\.keyID))
        }
    }

    @Test func `a build that is cancelled leaves nothing open`() async throws {
        try await ExampleMounting.run { example in
            let first = try await example.mount(configuration("one"))
            let next = try configuration("one", "two")
            let build = Task {
                try? await until { false }
                return try await example.mounting.build(next, after: first)
            }
            build.cancel()
            await #expect(throws: CancellationError.self) { try await build.value }
            #expect(example.mounting.rings.replicas["two"] == nil)
            #expect(example.mounting.rings.replicas["one"] != nil)
            #expect(try await status("/one/certs", first, example) == 200)
        }
    }

    @Test func `an endpoint whose key ring cannot be loaded has no documents, and the others are not affected`()
        async throws
    {
        try await ExampleMounting.run { example in
            let first = try await example.mount(configuration("one"))
            example.rings.fail(.unavailable("no route to host"))
            let second = try await example.mount(configuration("one", "two"), after: first)
            #expect(try await status("/one/certs", second, example) == 200)
            #expect(try await status("/two/certs", second, example) == 503)
            example.rings.fail(nil)
            // Mounted, and therefore continued: the service for its rotation loads it.
            let third = try await example.mount(configuration("one", "two"), after: second)
            #expect(try await status("/two/certs", third, example) == 503)
        }
    }

    @Test func `a removed endpoint's documents are served until its last token has expired`() async throws {
        try await ExampleMounting.run { example in
            let first = try await example.mount(configuration("one", "two"))
            let removed = first.endpoints[1]
            let second = try await example.mount(configuration("one"), after: first)
            #expect(second.retired.map(\.endpoint.configuration.name) == ["two"])
            #expect(example.mounting.rings.replicas["two"] == nil)
            #expect(try await status("/two/certs", second, example) == 200)
            let exchange = try await gateway.send(.post, "/two/token", to: example.responder(second.tokens))
            #expect(exchange.status == 404)

            let retention = removed.configuration.rotationPolicy.retention(
                maximumTokenLifetime: removed.configuration.token.timeToLive)
            example.time.pass(Double(retention))
            #expect(try await status("/two/certs", second, example) == 404)
            let third = try await example.mount(configuration("one"), after: second)
            #expect(third.retired.isEmpty)
        }
    }

    @Test func `an endpoint that is added again continues with its key ring`() async throws {
        try await ExampleMounting.run { example in
            let first = try await example.mount(configuration("one", "two"))
            let second = try await example.mount(configuration("one"), after: first)
            let third = try await example.mount(configuration("one", "two"), after: second)
            #expect(third.retired.isEmpty)
            let kids = third.endpoints[1].keys.snapshot.keys.map(\.keyID)
            #expect(kids == first.endpoints[1].keys.snapshot.keys.map(\.keyID) && kids.count == 1)
            #expect(example.rings.saves == 0)
        }
    }
}
