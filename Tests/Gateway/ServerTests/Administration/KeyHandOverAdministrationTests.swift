import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import JSON
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The commands of an endpoint that hands over its keys", .hangs)
struct KeyHandOverAdministrationTests {
    private let folder: TemporaryFolder
    private let clock = ManualClock(now: ExampleGateway.now)
    private let recipient = FakeRecipient()
    private let session: ManualSession
    private let keys: KeyAdministration
    private let endpoint: EndpointConfiguration

    init() throws {
        folder = try TemporaryFolder()
        var configuration = try ExampleGateway.configuration()
        configuration.keyStore = .directory("keys")
        session = try ManualSession(
            configuration,
            in: HostEnvironment(
                version: "test", environment: [:], namespace: nil, resolve: { [folder] in "\(folder.path)/\($0)" },
                clock: { [clock] in clock.now }, writeAudit: { _ in true }), logger: RecordedJSONLog().logger)
        keys = KeyAdministration(session)
        endpoint = configuration.endpoints[0].changed { [recipient] parts in
            parts.publisher?.plan = PublisherPlan(
                location: recipient.location,
                keys: KeyHandOver(
                    confirmation: .readBack,
                    propagation: KeyPropagation(newKey: 60, oldKey: .after(seconds: 0), evidence: "It is a fake."),
                    usesOwnToken: true, open: { _ in recipient }))
            let before = parts.endpoint
            parts.endpoint = Endpoint(
                name: before.name, cluster: before.cluster, issuer: before.issuer, audiences: before.audiences,
                algorithm: .es256, rsaKeySize: before.rsaKeySize, timeToLive: before.timeToLive)
        }
    }

    /// Stores a ring with an active key and a standby key in that state.
    private func store(_ standby: KeyRing.State? = nil) async throws -> KeyRing {
        let states = [KeyRing.State.active] + [standby].compactMap(\.self)
        let ring = KeyRing(
            endpoint: endpoint.name, owner: "owner",
            keys: try states.map { state in
                let key = try SigningKey.generate(.es256)
                return KeyRing.Key(
                    signingKey: key, state: state, created: ExampleGateway.now,
                    certificate: try KeyCertificate.selfSigned(
                        for: key, endpoint: endpoint.name, from: ExampleGateway.now, lifetime: 60),
                    published: state == .published ? ExampleGateway.now : nil,
                    activated: state == .active ? ExampleGateway.now : nil, maximumTokenLifetime: 900,
                    isStandby: state != .active)
            })
        _ = try await session.keyStore.rings.save(ring, replacing: nil)
        recipient.keys = ring.publicKeys
        return ring
    }

    /// The output lines of a command.
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        @Sendable func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    @Test("revoke activates the standby key, and hands over the keys once: without the key, with another standby key")
    func revoke() async throws {
        let ring = try await store(.published)
        let standby = try #require(ring.successor?.keyID)
        let result = try await keys.revoke(endpoint, kid: nil, isForced: false, output: Lines().add)
        #expect(result.publication == .published)
        let changed = try #require(try await keys.ring(of: endpoint.name))
        #expect(changed.active?.keyID == standby)
        #expect(changed.successor?.isStandby == true && changed.successor?.state == .prepared)
        #expect(recipient.writes.count == 1 && recipient.keyIDs == Set(changed.keys.map(\.keyID)))
        #expect(!recipient.keyIDs.contains(result.kid))
    }

    @Test("revoke without a standby key names the command for an administrator where the hand-over fails")
    func withoutStandby() async throws {
        _ = try await store()
        let lines = Lines()
        recipient.failAfter(2, PublishError(.denied, "status 403"))
        let result = try await keys.revoke(endpoint, kid: nil, isForced: false, output: lines.add)
        #expect(result.publication == .failed)
        let plugin = try #require(endpoint.publisher?.pluginID)
        #expect(
            lines.all.last?.hasSuffix(
                "sts-gateway provision \(plugin) --endpoint \(endpoint.name) --only keys") == true)
    }

    /// Asks for a token, and keeps it.
    private final class TokenRecorder: KeyRecipient {
        let location = "party"
        private let context: PublisherContext
        private let kept = Mutex<[String]>([])

        init(_ context: PublisherContext) { self.context = context }

        var tokens: [String] { kept.withLock { $0 } }

        func stored() async throws(PublishError) -> StoredKeySet? {
            let token = try await context.ownToken()
            kept.withLock { $0.append(token) }
            return nil
        }

        func replace(_ stored: StoredKeySet?, with keys: JSONWebKeySet) async throws(PublishError) {}
    }

    @Test("A hand-over that another endpoint authorizes has that endpoint's token")
    func tokenOfAnotherEndpoint() async throws {
        let ring = try await store(.published)
        let recorder = Mutex<TokenRecorder?>(nil)
        let plan = PublisherPlan(
            location: "party",
            keys: KeyHandOver(
                confirmation: .readBack,
                propagation: KeyPropagation(newKey: 60, oldKey: .after(seconds: 0), evidence: "It is a fake."),
                usesOwnToken: true, tokenEndpoint: "two",
                open: { context in
                    let made = TokenRecorder(context)
                    recorder.withLock { $0 = made }
                    return made
                }))
        let endpoint = endpoint.changed { $0.publisher?.plan = plan }
        // Without a ring of the other endpoint there is no token.
        _ = await keys.nextStep(ring, of: endpoint)
        #expect(recorder.withLock { $0 }?.tokens == [])
        let key = try SigningKey.generate(.es256)
        let other = KeyRing(
            endpoint: "two", owner: "other",
            keys: [
                KeyRing.Key(
                    signingKey: key, state: .active, created: ExampleGateway.now,
                    certificate: try KeyCertificate.selfSigned(
                        for: key, endpoint: "two", from: ExampleGateway.now, lifetime: 60),
                    activated: ExampleGateway.now, maximumTokenLifetime: 900)
            ])
        _ = try await session.keyStore.rings.save(other, replacing: nil)
        _ = await keys.nextStep(ring, of: endpoint)
        let token = try #require(recorder.withLock { $0 }?.tokens.last)
        let part = try #require(token.split(separator: ".").dropFirst().first)
        let claims = try JSONValue(parsing: try #require(Base64URL.decode(String(part))))
        #expect(claims["iss"] == "https://two.example.com/issuer")
        #expect(claims["sub"] == "sts-gateway:publisher:test:two")
    }

    @Test("rotate uses the standby key, and creates none")
    func rotate() async throws {
        let ring = try await store(.published)
        let standby = try #require(ring.successor?.keyID)
        #expect(try await keys.rotate(endpoint) == .started(standby))
        #expect(try await keys.rotate(endpoint) == .inProgress(standby))
        let changed = try #require(try await keys.ring(of: endpoint.name))
        #expect(changed.keys.count == 2 && changed.successor?.isStandby == false)
    }

    @Test("status reads the relying party, and reports what it holds; nothing is written")
    func status() async throws {
        let ring = try await store(.prepared)
        var (next, verdict) = await keys.nextStep(ring, of: endpoint)
        #expect(verdict == .holds)
        let standby = try #require(ring.successor?.keyID)
        #expect(next == .markPublished(standby, at: clock.now))
        recipient.keys = JSONWebKeySet(keys: [])
        (next, verdict) = await keys.nextStep(ring, of: endpoint)
        #expect(verdict == .holdsOthers(lacking: ring.keys.map(\.keyID)))
        #expect(recipient.writes.isEmpty)
    }

    @Test("publish --take-over replaces the keys of another cluster; publish and publish --check do not")
    func takeOver() async throws {
        let ring = try await store()
        let foreign = try SigningKey.generate(.es256)
        recipient.keys = JSONWebKeySet(keys: [foreign.publicKey])
        let publication = ManualPublication(session)
        for mode in [ManualPublication.Mode.publish, .check] {
            let lines = Lines()
            #expect(await publication.run(endpoint, mode: mode, output: lines.add) == .failed)
            #expect(lines.all.contains { $0.contains("the key \(foreign.keyID)") && $0.contains("--take-over") })
        }
        #expect(recipient.keyIDs == [foreign.keyID])
        #expect(await publication.run(endpoint, mode: .takeOver, output: Lines().add) == .succeeded)
        #expect(recipient.keyIDs == Set(ring.keys.map(\.keyID)))
    }
}
