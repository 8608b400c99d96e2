import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import Synchronization
import Testing

@testable import GatewayServer

@Suite("Opening key rings")
struct KeyRingOpenerTests {
    let log = KeptLog()

    /// A store that answers as it is told.
    private final class FakeStore: SigningKeyStore {
        let rings: Mutex<[String: KeyRing]> = Mutex([:])
        let failure: KeyStoreError?
        /// Written by somebody else right before our own write.
        let rival: KeyRing?

        init(failure: KeyStoreError? = nil, rival: KeyRing? = nil) {
            self.failure = failure
            self.rival = rival
        }

        func load(endpoint: String) async throws(KeyStoreError) -> StoredKeyRing? {
            if let failure { throw failure }
            return rings.withLock { $0[endpoint] }.map { StoredKeyRing(ring: $0, version: .init(rawValue: "1")) }
        }

        func save(_ ring: KeyRing, replacing expected: KeyRingVersion?) async throws(KeyStoreError) -> KeyRingVersion {
            if let rival {
                rings.withLock { $0[ring.endpoint] = rival }
                throw .conflict
            }
            rings.withLock { $0[ring.endpoint] = ring }
            return .init(rawValue: "1")
        }

        func delete(endpoint: String, version: KeyRingVersion) async throws(KeyStoreError) {
            rings.withLock { $0[endpoint] = nil }
        }

        func endpoints() async throws(KeyStoreError) -> [String] { rings.withLock { $0.keys.sorted() } }
    }

    private func open(_ store: FakeStore, endpoint index: Int) async throws -> SigningKeySnapshot {
        let configuration = try ExampleGateway.configuration().endpoints[index]
        return await KeyRingOpener(store: store, logger: log.logger).open(configuration, at: ExampleGateway.now)
    }

    @Test("Where there is no ring, one key of the configured algorithm is made, active at once, with its certificate")
    func firstRing() async throws {
        let store = FakeStore()
        for (index, algorithm) in [SignatureAlgorithm.rs256, .es256].enumerated() {
            let snapshot = try await open(store, endpoint: index)
            let active = try #require(snapshot.active)
            #expect(active.signingKey.algorithm == algorithm)
            #expect(active.signingKey.keyID == active.signingKey.publicKey.parameters.thumbprint)
            #expect(active.created == ExampleGateway.now)
            #expect(active.certificate.pem.hasPrefix("-----BEGIN CERTIFICATE-----"))
        }
        let again = try await open(store, endpoint: 0)
        #expect(again.active?.signingKey.keyID == store.rings.withLock { $0["one"]?.active?.signingKey.keyID })
    }

    @Test("Where another replica was first, its ring is the ring")
    func rival() async throws {
        let rival = try await open(FakeStore(), endpoint: 1)
        let ring = KeyRing(endpoint: "two", owner: "owner", keys: [try #require(rival.active)])
        let snapshot = try await open(FakeStore(rival: ring), endpoint: 1)
        #expect(snapshot.active?.signingKey.keyID == rival.active?.signingKey.keyID)
    }

    @Test("A store that fails leaves the endpoint without a key, and the log with the reason")
    func failure() async throws {
        let snapshot = try await open(FakeStore(failure: .unavailable("the disk is on fire")), endpoint: 0)
        #expect(snapshot.active == nil && snapshot.documents == nil)
        #expect(snapshot.failure == .unavailable("the disk is on fire"))
        #expect(log.text.contains("the disk is on fire"))
    }

    @Test("A ring of another algorithm than the configured one goes on signing, with a warning")
    func otherAlgorithm() async throws {
        let store = FakeStore()
        let first = try await open(store, endpoint: 1)
        let key = try #require(first.active)
        store.rings.withLock { $0["one"] = KeyRing(endpoint: "one", owner: "owner", keys: [key]) }
        let snapshot = try await open(store, endpoint: 0)
        #expect(snapshot.active?.signingKey.algorithm == .es256)
        #expect(log.text.contains(#""level":"warning""#))
    }
}
