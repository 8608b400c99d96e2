import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import KubernetesTestSupport
import ServiceLifecycle
import Testing

@testable import GatewayServer

@Suite("Publication of all endpoints", .hangs)
struct DiscoveryPublicationServiceTests {
    private let gateway: ExampleGateway
    private let scheduler = TestScheduler()
    private let statuses = PublicationStatuses()
    private let leadership: Leadership
    private let publishers = [FakePublisher(location: "one"), FakePublisher(location: "two")]

    init() throws {
        gateway = try ExampleGateway()
        leadership = Leadership(monotonic: scheduler.scheduler.monotonic)
    }

    private var service: DiscoveryPublicationService {
        DiscoveryPublicationService(
            parts: zip(gateway.endpoints, publishers).map { endpoint, publisher in
                DiscoveryPublicationService.Part(
                    endpoint: endpoint.configuration.name, keys: endpoint.keys,
                    publication: EndpointPublication(
                        publisher: publisher, reader: nil, interval: 300, now: scheduler.scheduler.now, random: { 1 }),
                    logger: gateway.log.logger)
            }, statuses: statuses, leadership: leadership, metrics: gateway.metrics, audit: gateway.audit,
            scheduler: scheduler.scheduler)
    }

    /// Runs the service while the test runs its steps.
    private func running(_ steps: () async throws -> Void) async throws {
        let service = service
        try await FakeCluster.running({ await service.run() }, steps)
    }

    /// Waits until the condition holds; it is checked after each status change of the first endpoint.
    private func until(_ endpoint: String, _ condition: (PublicationStatus?) -> Bool) async {
        let changes = statuses.changes(of: endpoint)
        if condition(statuses[endpoint]) { return }
        for await _ in changes where condition(statuses[endpoint]) { return }
    }

    @Test("The leader publishes and records metrics and audit, and has no status after its leadership")
    func leader() async throws {
        try await running {
            #expect(publishers[0].calls.isEmpty)
            leadership.lead(until: .infinity)
            await until("one") { $0?.lastSuccess != nil }
            await until("two") { $0?.lastSuccess != nil }
            #expect(publishers.map { $0[.keys]?.stamp?.owner } == ["owner", "owner"])
            leadership.stepDown()
            await until("two") { $0 == nil }
        }
        let audited = gateway.audit.publications.filter { $0.endpoint == "one" }
        #expect(
            audited.map(\.outcome.document.kind) == [.keys, .discovery] && audited.allSatisfy { $0.place == "one" })
        let metrics = gateway.prometheus.text
        #expect(metrics.contains(#"sts_publish_total{endpoint="one",document="certs",result="written"} 1"#))
        #expect(gateway.log.text.contains("document published"))
    }

    @Test("A failed endpoint does not delay others, and its failure is logged once")
    func failure() async throws {
        let away = PublishError(.unavailable, "the location is unavailable", reference: "1")
        let again = PublishError(.unavailable, "the location is unavailable", reference: "2")
        publishers[0].fail(away, again, away, again)
        try await running {
            leadership.lead(until: .infinity)
            await until("one") { $0?.failure != nil }
            await until("two") { $0?.lastSuccess != nil }
            while statuses["one"]?.lastSuccess == nil {
                let changes = statuses.changes(of: "one")
                await scheduler.waitForSleeper { $0 < 300 }
                scheduler.advance(by: 16)
                for await _ in changes { break }
            }
        }
        #expect(gateway.log.text.split(separator: "publication failed").count == 2)
        #expect(gateway.log.text.contains("publication works again"))
        #expect(publishers[1].puts == 2)
    }

    @Test("A leader of thousands of endpoints begins with some in each second")
    func beginnings() async {
        let publishers = (0...DiscoveryPublicationService.startsPerSecond).map { FakePublisher(location: "\($0)") }
        let service = DiscoveryPublicationService(
            parts: publishers.enumerated().map { index, publisher in
                DiscoveryPublicationService.Part(
                    endpoint: "e\(index)", keys: gateway.endpoints[0].keys,
                    publication: EndpointPublication(
                        publisher: publisher, reader: nil, interval: 300, now: scheduler.scheduler.now, random: { 1 }),
                    logger: gateway.log.logger)
            }, statuses: statuses, leadership: leadership, metrics: gateway.metrics, audit: gateway.audit,
            scheduler: scheduler.scheduler)
        await FakeCluster.running {
            await service.run()
        } _: {
            leadership.lead(until: .infinity)
            for index in publishers.indices.dropLast() { await until("e\(index)") { $0?.lastSuccess != nil } }
            await scheduler.waitForSleeper { $0 == 1 }
            #expect(publishers.last?.calls.isEmpty == true)
            scheduler.advance(by: 1)
            await until("e\(publishers.count - 1)") { $0?.lastSuccess != nil }
        }
    }

    @Test("A new key set is published immediately")
    func change() async throws {
        try await running {
            leadership.lead(until: .infinity)
            await until("one") { $0?.lastSuccess != nil }
            let key = try SigningKey.generate(.es256)
            let certificate = try KeyCertificate.selfSigned(
                for: key, endpoint: "one", from: ExampleGateway.now, lifetime: 60)
            let ring = KeyRing(
                endpoint: "one", owner: "owner", revision: 2,
                keys: [
                    KeyRing.Key(
                        signingKey: key, state: .active, created: ExampleGateway.now, certificate: certificate)
                ])
            scheduler.pass(1)
            gateway.endpoints[0].keys.replace(
                with: SigningKeySnapshot(ring: ring, of: gateway.endpoints[0].configuration))
            await until("one") { $0?.lastSuccess == ExampleGateway.now.addingTimeInterval(1) }
            #expect(publishers[0][.keys]?.stamp?.revision == 2)
        }
    }
}

extension PublicationStatuses {
    /// Yields an element for each later change of the endpoint's status.
    fileprivate func changes(of endpoint: String) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let observation = observe(endpoint) { continuation.yield() }
        continuation.onTermination = { _ in withExtendedLifetime(observation) {} }
        return stream
    }
}

extension FakePublisher {
    fileprivate var puts: Int {
        calls.count { call in
            if case .put = call { true } else { false }
        }
    }
}
