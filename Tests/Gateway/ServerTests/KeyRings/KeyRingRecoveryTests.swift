import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("The recovery of the key ring that relying parties know", .hangs)
struct KeyRingRecoveryTests {
    private let time = TestScheduler(random: 1)
    private let log = RecordedJSONLog()
    private let store = FakeDocumentStore<KeyRing>()
    private let reader = FakeIssuerReader()
    private let endpoint: EndpointConfiguration
    private let known: KeyRing
    private let unknown: KeyRing

    init() throws {
        endpoint = try ExampleGateway.configuration().endpoints[1]
        func ring(_ key: SigningKey, owner: String, age: Double) throws -> KeyRing {
            let created = ExampleGateway.now.addingTimeInterval(-age)
            let certificate = try KeyCertificate.selfSigned(for: key, endpoint: "two", from: created, lifetime: 60)
            return KeyRing(
                endpoint: "two", owner: owner,
                keys: [KeyRing.Key(signingKey: key, state: .active, created: created, certificate: certificate)])
        }
        known = try ring(TestKeys.ec, owner: "known", age: 86_400)
        unknown = try ring(SigningKey.generate(.es256), owner: "unknown", age: -1)
        let documents = try #require(SigningKeySnapshot(ring: known, of: endpoint).documents)
        reader.answer(.content(documents[.keys], isOwn: false), to: .keys)
    }

    /// A replica that holds the ring, and whose store has the other one; returns when it has none but the wanted ring.
    private func settles(
        holding ring: KeyRing, against other: KeyRing?, isLeading: Bool, on wanted: KeyRing
    ) async throws {
        let replicas = KeyRingReplicas(store: store, scheduler: time.scheduler, logger: log.logger)
        store.put(ring, for: "two")
        _ = replicas.mount(endpoint, found: .success(try #require(store["two"])))
        let leadership = Leadership(monotonic: time.scheduler.monotonic)
        if isLeading { leadership.lead(until: .infinity) }
        store.put(other, for: "two")
        let service = KeyRingRecovery(
            endpoints: [endpoint], readers: ["two": reader], replicas: replicas, store: store, leadership: leadership,
            scheduler: time.scheduler, logger: log.logger)
        try await FakeCluster.running({ await service.run() }) {
            let replica = try #require(replicas["two"])
            replicas.apply(store["two"].map { .document($0) } ?? .missing(name: "two"))
            while !Task.isCancelled {
                let changes = replica.changes()
                let view = replica.view
                if view.stored?.value.owner == wanted.owner, view.found == nil, view.isMissing == false { break }
                for await _ in changes { break }
            }
        }
        #expect(store["two"]?.value.owner == wanted.owner)
    }

    @Test("A replica that holds the served ring writes it back over one that nobody has seen, whether it leads or not")
    func writesBack() async throws {
        for isLeading in [true, false] {
            try await settles(holding: known, against: unknown, isLeading: isLeading, on: known)
        }
        #expect(store["two"]?.value.revision == known.revision + 1)
    }

    @Test("A leader that has created a ring of its own yields to the served one at once")
    func yields() async throws {
        try await settles(holding: unknown, against: known, isLeading: true, on: known)
        #expect(store["two"]?.value.revision == known.revision)
    }

    @Test(
        "A ring that is missing is written back by a replica that holds the served one, before anybody creates another")
    func missing() async throws {
        try await settles(holding: known, against: nil, isLeading: false, on: known)
    }
}
