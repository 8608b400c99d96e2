import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("Key rotation of all endpoints", .hangs)
struct KeyRotationServiceTests {
    private let time = TestScheduler(random: 1)
    private let log = RecordedJSONLog()
    private let store = FakeDocumentStore<KeyRing>()
    private let statuses = PublicationStatuses()
    private let leadership: Leadership
    private let replicas: KeyRingReplicas
    private let endpoints: [EndpointConfiguration]

    init() throws {
        leadership = Leadership(monotonic: time.scheduler.monotonic)
        replicas = KeyRingReplicas(store: store, scheduler: time.scheduler, logger: log.logger)
        // An algorithm with fast key generation.
        let other = try ExampleGateway.configuration().endpoints[1].changed { $0.name = "other" }
        endpoints = [try ExampleGateway.configuration().endpoints[1], other]
        for endpoint in endpoints {
            let certificate = try KeyCertificate.selfSigned(
                for: TestKeys.ec, endpoint: endpoint.name, from: ExampleGateway.now, lifetime: 60)
            let bare = KeyRing(
                endpoint: endpoint.name, owner: "owner",
                keys: [
                    KeyRing.Key(
                        signingKey: TestKeys.ec, state: .active, created: ExampleGateway.now, certificate: certificate,
                        activated: ExampleGateway.now, maximumTokenLifetime: 900)
                ])
            // With the record of the issuer, which the leader would write otherwise.
            let ring = KeyRing(
                endpoint: endpoint.name, owner: "owner", keys: bare.keys,
                issuer: KeyRing.IssuerRecord(endpoint, ring: bare))
            store.put(ring, for: endpoint.name)
            let stored = try #require(store[endpoint.name])
            _ = replicas.mount(endpoint, found: .success(stored))
        }
    }

    /// - Parameter count: the number of endpoints.
    private func running(_ count: Int = 1, _ body: () async throws -> Void) async rethrows {
        let service = KeyRotationService(
            endpoints: Array(endpoints.prefix(count)), replicas: replicas, store: store, keyPairs: nil,
            leadership: leadership, statuses: statuses, generator: SigningKeyGenerator(), scheduler: time.scheduler,
            logger: log.logger)
        // The store confirms the rings, independent of the time that has passed.
        replicas.apply(.confirmed(names: nil))
        try await FakeCluster.running({ await service.run() }, body)
    }

    /// Returns the ring when the condition holds.
    private func ring(_ endpoint: String = "two", _ condition: (KeyRing) -> Bool) async throws -> KeyRing {
        let replica = try #require(replicas[endpoint])
        while !Task.isCancelled {
            let changes = replica.changes()
            if let ring = replica.view.stored?.value, condition(ring) { return ring }
            for await _ in changes { break }
        }
        throw CancellationError()
    }

    private func poll() async {
        await time.waitForSleeper { $0 <= KeyRotation.keyPairInterval }
        time.advance(by: KeyRotation.keyPairInterval)
    }

    private func observed(_ ring: KeyRing) -> PublicationStatus {
        let kids = Set(ring.keys.map(\.keyID))
        var status = PublicationStatus()
        status.evidence = PublicEvidence(read: time.scheduler.now(), served: kids, expected: kids, isSettled: true)
        return status
    }

    @Test("Only the leader advances rings, independently for each endpoint")
    func leader() async throws {
        time.pass(30 * 86_400)
        try await running(2) {
            await Task.yield()
            #expect(store.saves == 0)
            leadership.lead(until: .infinity)
            for endpoint in endpoints {
                let ring = try await ring(endpoint.name) { $0.successor != nil }
                #expect(ring.successor?.state == .prepared && ring.revision == 2)
                #expect(store[endpoint.name]?.value.revision == 2)
            }
            leadership.stepDown()
        }
    }

    @Test("A change of the publication status starts the next step immediately")
    func evidence() async throws {
        time.pass(30 * 86_400)
        leadership.lead(until: .infinity)
        try await running {
            let prepared = try await ring { $0.successor != nil }
            statuses["two"] = observed(prepared)
            let published = try await ring { $0.successor?.state == .published }
            #expect(published.revision == 3)
        }
    }

    @Test("A rotation completes while time passes and the documents are published")
    func whole() async throws {
        time.pass(30 * 86_400)
        leadership.lead(until: .infinity)
        try await running {
            var current = try await ring { $0.successor != nil }
            let new = try #require(current.successor?.keyID)
            statuses["two"] = observed(current)
            current = try await ring { $0.successor?.state == .published }
            time.pass(7_200)
            statuses["two"] = observed(current)
            current = try await ring { $0.active?.keyID == new }
            time.pass(900 + 300 + 600 + 900)
            await poll()
            current = try await ring { $0.keys.count == 1 }
            #expect(current.active?.keyID == new)
        }
    }

    @Test("A store failure is a problem of the endpoint, logged once and retried, and its end is logged")
    func failure() async throws {
        time.pass(30 * 86_400)
        store.fail(.unavailable("no space left"))
        leadership.lead(until: .infinity)
        try await running {
            for wait in [0.5, 1, 2] {
                await time.waitForSleeper { $0 == wait }
                time.advance(by: wait)
            }
            await time.waitForSleeper { $0 == 4 }
            #expect(replicas.problem(of: "two") == "rotation: the key store is unavailable: no space left")
            store.fail(nil)
            time.advance(by: 4)
            _ = try await ring { $0.successor != nil }
            await time.waitForSleeper { $0 == KeyRotation.keyPairInterval }
            #expect(replicas.problem(of: "two") == nil)
        }
        for word in ["key rotation failed", "key rotation works again"] {
            let lines = log.text.split(separator: "\n").filter { $0.contains(word) && $0.contains(#""two""#) }
            #expect(lines.count == 1)
        }
    }

    @Test("The leader restores a lost ring, and applies one that another process has written")
    func lostAndOvertaken() async throws {
        leadership.lead(until: .infinity)
        try await running {
            await time.waitForSleeper { $0 == KeyRotation.keyPairInterval }
            store.put(nil, for: "two")
            replicas.apply(.missing(name: "two"))
            let restored = try await ring { $0.revision == 2 }
            #expect(restored.active?.keyID == TestKeys.ec.keyID)
            #expect(store["two"]?.value.revision == 2)
            // The other process writes immediately before this one.
            store.beforeNextSave { [store] in store.put(restored.recording(nil), for: "two") }
            time.pass(30 * 86_400)
            await poll()
            let overtaken = try await ring { $0.successor != nil }
            #expect(overtaken.revision == 4)
        }
    }

    @Test("A replica that does not lead reports no rotation problem")
    func steppedDown() async throws {
        time.pass(30 * 86_400)
        store.fail(.unavailable("away"))
        leadership.lead(until: .infinity)
        await running {
            await time.waitForSleeper { $0 == 0.5 }
            #expect(replicas.problem(of: "two") != nil)
            leadership.stepDown()
        }
        #expect(replicas.problem(of: "two") == nil)
    }
}
