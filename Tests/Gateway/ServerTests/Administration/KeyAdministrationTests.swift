import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The keys commands", .hangs)
struct KeyAdministrationTests {
    private let folder: TemporaryFolder
    private let clock = ManualClock(now: ExampleGateway.now)
    private let publisher = FakePublisher()
    private let session: ManualSession
    private let keys: KeyAdministration
    /// An endpoint without a publisher.
    private let endpoint: EndpointConfiguration

    init() throws {
        folder = try TemporaryFolder()
        var configuration = try ExampleGateway.configuration()
        configuration.keyStore = .directory("keys")
        let environment = HostEnvironment(
            version: "test", environment: [:], namespace: nil, resolve: { [folder] in "\(folder.path)/\($0)" },
            clock: { [clock] in clock.now }, writeAudit: { _ in true })
        session = try ManualSession(configuration, in: environment, logger: RecordedJSONLog().logger)
        keys = KeyAdministration(session)
        endpoint = configuration.endpoints[1].changed { $0.probe.isEnabled = false }
    }

    private var published: EndpointConfiguration {
        get throws {
            try endpoint.changed { parts in
                parts.publisher = try ExampleGateway.configuration().endpoints[0].publisher
                parts.publisher?.plan = PublisherPlan(location: "here") { [publisher] _ in publisher }
            }
        }
    }

    /// The output lines of a command.
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        @Sendable func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    /// Stores a ring with an active key, or with more keys.
    @discardableResult
    private func store(
        _ states: [KeyRing.State] = [.active], retired: Date? = nil
    ) async throws -> KeyRing {
        let ring = KeyRing(
            endpoint: endpoint.name, owner: "owner",
            keys: try states.map { state in
                let key = try SigningKey.generate(.es256)
                return KeyRing.Key(
                    signingKey: key, state: state, created: ExampleGateway.now,
                    certificate: try KeyCertificate.selfSigned(
                        for: key, endpoint: endpoint.name, from: ExampleGateway.now, lifetime: 60),
                    activated: ExampleGateway.now, retired: retired, maximumTokenLifetime: 900)
            })
        _ = try await session.keyStore.rings.save(ring, replacing: nil)
        return ring
    }

    @Test("list and export read what is stored, also where nothing is stored")
    func reading() async throws {
        #expect(try await keys.endpoints().isEmpty)
        #expect(try await keys.ring(of: endpoint.name) == nil)
        let ring = try await store()
        #expect(try await keys.endpoints() == [endpoint.name])
        #expect(try await keys.ring(of: endpoint.name)?.publicKeys == ring.publicKeys)
    }

    @Test("status reports the next step, and does not read the public URL where probing is disabled")
    func nextStep() async throws {
        let ring = try await store()
        let fresh = await keys.nextStep(ring, of: endpoint)
        guard case .wait(.age, let until?) = fresh.next else {
            Issue.record("\(fresh.next)")
            return
        }
        #expect(fresh.verdict == nil && until > clock.now)
        clock.advance(by: 30 * 86_400)
        #expect(await keys.nextStep(ring, of: endpoint).next == .addKey(.age))
    }

    @Test("rotate adds the next key once, also with concurrent rotations")
    func rotate() async throws {
        let missing = await #expect(throws: StoreError.self) { try await keys.rotate(endpoint) }
        #expect(missing?.description.contains("no key ring of \"two\" yet") == true)
        let ring = try await store()
        async let first = keys.rotate(endpoint)
        async let second = keys.rotate(endpoint)
        let outcomes = try await [first, second]
        let changed = try #require(try await keys.ring(of: endpoint.name))
        let next = try #require(changed.successor?.keyID)
        #expect(outcomes.contains(.started(next)) && outcomes.contains(.inProgress(next)))
        #expect(changed.revision == ring.revision + 1 && changed.active?.keyID == ring.active?.keyID)
        #expect(try await keys.rotate(endpoint) == .inProgress(next))
    }

    @Test("rotate rejects a full key ring")
    func full() async throws {
        let retiring = Array(repeating: KeyRing.State.retiring, count: RotationPolicy.maximumKeys - 1)
        try await store([.active] + retiring, retired: clock.now)
        let error = await #expect(throws: StoreError.self) { try await keys.rotate(endpoint) }
        #expect(error?.description.contains("\(RotationPolicy.maximumKeys) keys") == true)
    }

    @Test("prepare is for endpoints whose keys an operator activates; activate says until when the key waits")
    func activation() async throws {
        try await store()
        let automatic = await #expect(throws: StoreError.self) { try await keys.prepare(endpoint) }
        #expect(automatic?.description.contains("rotation.activation is automatic") == true)
        let unprepared = await #expect(throws: StoreError.self) { try await keys.activate(endpoint) }
        #expect(unprepared?.description.contains("the leader activates each new key itself") == true)
        #expect(unprepared?.description.contains("keys rotate") == true)
        let manual = endpoint.changed { $0.rotation.activation = .manual }
        let nothing = await #expect(throws: StoreError.self) { try await keys.activate(manual) }
        #expect(nothing?.description.contains("no key is prepared") == true)
        guard case .started(let kid) = try await keys.prepare(manual) else {
            Issue.record("no key was prepared")
            return
        }
        let stored = try #require(try await session.keyStore.rings.load(endpoint.name))
        let published = try #require(
            stored.value.applying(
                .markPublished(kid, at: clock.now), at: clock.now, policy: manual.rotationPolicy))
        _ = try await session.keyStore.rings.save(published, replacing: stored.version)
        let propagation = Double(manual.rotation.propagation)
        guard case .closed(kid, .wait(.propagation, _), until: let until?, _) = try await keys.activate(manual) else {
            Issue.record("the key was activated early")
            return
        }
        #expect(until == clock.now.addingTimeInterval(propagation))
        clock.advance(by: propagation)
        guard case .approved(kid) = try await keys.activate(manual) else {
            Issue.record("the key was not approved")
            return
        }
        #expect(try await keys.ring(of: endpoint.name)?.successor?.isApproved == true)
    }

    @Test("activate counts stored documents as visible only where they are those of the ring")
    func activationWithoutProbe() async throws {
        try await store()
        let manual = try published.changed { $0.rotation.activation = .manual }
        guard case .started(let kid) = try await keys.prepare(manual) else { return }
        let stored = try #require(try await session.keyStore.rings.load(endpoint.name))
        let marked = try #require(
            stored.value.applying(
                .markPublished(kid, at: clock.now), at: clock.now, policy: manual.rotationPolicy))
        _ = try await session.keyStore.rings.save(marked, replacing: stored.version)
        clock.advance(by: Double(manual.rotation.propagation))
        // Nothing is stored.
        guard case .closed = try await keys.activate(manual) else {
            Issue.record("a key was approved that is not published")
            return
        }
        #expect(await ManualPublication(session).run(manual, mode: .publish) { _ in } == .succeeded)
        guard case .approved = try await keys.activate(manual) else {
            Issue.record("the key was not approved")
            return
        }
    }

    @Test("revoke removes a key, and creates the next one where no key is active")
    func revoke() async throws {
        let ring = try await store()
        let lines = Lines()
        let unknown = await #expect(throws: StoreError.self) {
            try await keys.revoke(endpoint, kid: KeyID(rawValue: "unknown"), isForced: false, output: lines.add)
        }
        #expect(unknown?.description.contains("does not have this key") == true)
        let active = try #require(ring.active?.keyID)
        let result = try await keys.revoke(endpoint, kid: nil, isForced: false, output: lines.add)
        // The endpoint has no publisher.
        #expect(result.kid == active && result.publication == .byHand && lines.all.isEmpty)
        let changed = try #require(try await keys.ring(of: endpoint.name))
        #expect(changed[active] == nil && changed.revoked.map(\.kid) == [active])
        #expect(changed.active == nil && changed.successor?.state == .prepared)
        await #expect(throws: StoreError.self) {
            try await keys.revoke(endpoint, kid: nil, isForced: false, output: lines.add)
        }
    }

    @Test("revoke publishes the key set without the key")
    func revokePublished() async throws {
        let ring = try await store([.active, .prepared])
        let active = try #require(ring.active?.keyID)
        let lines = Lines()
        let result = try await keys.revoke(published, kid: active, isForced: false, output: lines.add)
        #expect(result.publication == .published && lines.all.count == 2)
        let content = try #require(publisher[.keys]?.content)
        let remaining = try JSONWebKeySet(parsing: content).keys.compactMap(\.keyID)
        #expect(remaining == [try #require(ring.successor?.keyID)])
    }

    @Test("revoke changes nothing where publication is not possible, unless it is forced")
    func revokeUnpublished() async throws {
        let ring = try await store()
        let active = try #require(ring.active?.keyID)
        let lines = Lines()
        publisher.fail(PublishError(.unavailable, "the bucket is away"))
        let refused = await #expect(throws: StoreError.self) {
            try await keys.revoke(published, kid: active, isForced: false, output: lines.add)
        }
        #expect(refused?.description.contains("the bucket is away") == true)
        #expect(refused?.description.contains("--force") == true)
        #expect(try await keys.ring(of: endpoint.name)?.active?.keyID == active && lines.all.isEmpty)
        publisher.fail(
            PublishError(.unavailable, "the bucket is away"), PublishError(.unavailable, "the bucket is away"))
        let forced = try await keys.revoke(published, kid: active, isForced: true, output: lines.add)
        #expect(forced.publication == .failed && lines.all.contains { $0.contains("the bucket is away") })
        #expect(try await keys.ring(of: endpoint.name)?[active] == nil)
    }

    @Test("purge is rejected until the last token has expired, unless it is forced")
    func purge() async throws {
        let missing = await #expect(throws: StoreError.self) { try await keys.purge("two", isForced: true) }
        #expect(missing?.description.contains("no key ring of \"two\"") == true)
        try await store()
        await #expect(throws: StoreError.self) { try await keys.purge("two", isForced: false) }
        try await keys.purge("two", isForced: true)
        #expect(try await keys.ring(of: "two") == nil)

        try await store([.retiring], retired: clock.now)
        await #expect(throws: StoreError.self) { try await keys.purge("two", isForced: false) }
        #expect(try await keys.ring(of: "two") != nil)
        clock.advance(by: 900 + Double(RotationPolicy.leeway) + 1)
        try await keys.purge("two", isForced: false)
        #expect(try await keys.endpoints().isEmpty)
    }

    @Test("A ring that is not valid is reported and never changed")
    func invalid() async throws {
        try folder.write("garbage", to: "keys/two.keyring.json")
        await #expect(throws: StoreError.self) { try await keys.rotate(endpoint) }
        await #expect(throws: StoreError.self) { try await keys.purge("two", isForced: true) }
        #expect(try folder.read("keys/two.keyring.json") == "garbage")
    }
}
