import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import HTTPTypes
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("The documents of an endpoint that was removed before the start", .hangs)
struct RemovedIssuerTests {
    private let time = TestScheduler()
    private let log = RecordedJSONLog()
    private let store = FakeSigningKeyStore()
    private let replicas: KeyRingReplicas
    private let configuration: EndpointConfiguration
    private let clock = ManualClock(now: ExampleGateway.now)
    private let gateway: GatewayResponder

    init() throws {
        configuration = try ExampleGateway.configuration().endpoints[1]
        replicas = KeyRingReplicas(store: store, scheduler: time.scheduler, logger: log.logger)
        let routes = RemovedIssuerRoutes(issuers: replicas.removed, clock: { [clock] in clock.now })
        gateway = GatewayResponder(
            table: .tokens([], removed: routes, caBundle: { "" }, clock: { [clock] in clock.now }),
            maximumBodyBytes: 1_024, decisions: nil, logger: log.logger)
    }

    private func ring(revision: Int = 1) throws -> KeyRing {
        let certificate = try KeyCertificate.selfSigned(
            for: TestKeys.ec, endpoint: "two", from: ExampleGateway.now, lifetime: 60)
        let ring = KeyRing(
            endpoint: "two", owner: "owner", revision: revision,
            keys: [
                KeyRing.Key(
                    signingKey: TestKeys.ec, state: .active, created: ExampleGateway.now, certificate: certificate)
            ])
        return try #require(ring.recording(.init(configuration, ring: ring), location: nil, invalidated: nil))
    }

    private func get(_ path: String, host: String = "gateway.test") async throws -> ExampleGateway.Answer {
        try await ExampleGateway().send(.get, path, host: host, to: gateway)
    }

    @Test("They are served below the endpoint's path and at the issuer's host, until the last token has expired")
    func served() async throws {
        let documents = try #require(SigningKeySnapshot(ring: try ring(), of: configuration).documents)
        #expect(try await get("/two/certs").status == 404)
        store.put(try ring(), for: "two")
        replicas.apply(.document(try #require(store["two"])))
        for (path, host) in [("/two/certs", "gateway.test"), ("/issuer/certs", "two.example.com")] {
            let answer = try await get(path, host: host)
            #expect(answer.status == 200 && answer.body == documents.keys.content)
            #expect(answer.headers[.cacheControl]?.contains("max-age=300") == true)
        }
        #expect(try await get("/two/.well-known/openid-configuration").body == documents.discovery.content)
        #expect(try await get("/two/issuer-docs").status == 200)
        #expect(try await get("/two/token").status == 404)

        let known = try ring()
        let removed = try #require(known.recordingRemoval(at: clock.now))
        store.put(removed, for: "two")
        replicas.apply(.document(try #require(store["two"])))
        let end = try #require(removed.tokensEnd)
        clock.advance(by: end.timeIntervalSince(clock.now) - 1)
        #expect(try await get("/two/certs").status == 200)
        clock.advance(by: 1)
        #expect(try await get("/two/certs").status == 404)
        #expect(try await get("/issuer/certs", host: "two.example.com").status == 404)
    }

    @Test("They are not served after the ring was deleted, and an endpoint that is mounted serves its own")
    func deleted() async throws {
        store.put(try ring(), for: "two")
        let stored = try #require(store["two"])
        replicas.apply(.document(stored))
        #expect(try await get("/two/certs").status == 200)
        replicas.apply(.confirmed(names: []))
        #expect(try await get("/two/certs").status == 404)
        replicas.apply(.document(stored))
        replicas.apply(.missing(name: "two"))
        #expect(try await get("/two/certs").status == 404)
        replicas.apply(.document(stored))
        _ = replicas.mount(configuration, found: .success(stored))
        #expect(replicas.removed.rings.isEmpty)
        replicas.unmount("two")
        #expect(try await get("/two/certs").status == 200)
    }

    @Test("The leader records when the endpoint was removed, once; a replica that does not lead writes nothing")
    func recorded() async throws {
        store.put(try ring(), for: "two")
        replicas.apply(.document(try #require(store["two"])))
        let leadership = Leadership(monotonic: time.scheduler.monotonic)
        let service = RemovedIssuerService(
            issuers: replicas.removed, store: store, leadership: leadership, scheduler: time.scheduler,
            logger: log.logger)
        try await FakeCluster.running({ await service.run() }) {
            #expect(store["two"]?.value.issuer?.removed == nil)
            leadership.lead(until: .infinity)
            try await until { store["two"]?.value.issuer?.removed != nil }
            let saves = store.saves
            #expect(store["two"]?.value.issuer?.removed == time.now)
            try await until { replicas.removed.rings.first?.value.issuer?.removed != nil }
            replicas.apply(.document(try #require(store["two"])))
            #expect(store.saves == saves && saves == 1)
        }
    }
}
