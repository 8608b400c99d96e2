import FoundationEssentials
import GatewayCore
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import Testing

@testable import GatewayServer

@Suite("Key ring replicas")
struct KeyRingReplicasTests {
    private let clock = ManualClock(now: ExampleGateway.now)
    private let log = RecordedJSONLog()
    private let replicas: KeyRingReplicas
    private let configuration: EndpointConfiguration
    private let keys: CurrentSigningKeys
    private let first: Stored<KeyRing>

    init() throws {
        configuration = try ExampleGateway.configuration().endpoints[1]
        replicas = KeyRingReplicas(
            store: FakeDocumentStore(),
            scheduler: Scheduler(
                now: { [clock] in clock.now }, monotonic: { [clock] in clock.now.timeIntervalSince1970 },
                random: { 0.5 }, sleep: { _ in }), logger: log.logger)
        first = try Self.stored(revision: 1, key: TestKeys.ec)
        keys = replicas.mount(configuration, found: .success(first))
    }

    private static func stored(revision: Int, key: SigningKey) throws -> Stored<KeyRing> {
        let certificate = try KeyCertificate.selfSigned(
            for: key, endpoint: "two", from: ExampleGateway.now, lifetime: 60)
        let ring = KeyRing(
            endpoint: "two", owner: "owner", revision: revision,
            keys: [KeyRing.Key(signingKey: key, state: .active, created: ExampleGateway.now, certificate: certificate)])
        return Stored(ring, version: DocumentVersion(rawValue: "\(revision)"))
    }

    private var view: DocumentReplica<KeyRing>.View { replicas["two"]?.view ?? .init() }
    private var signing: KeyID? { keys.confirmedSnapshot.active?.keyID }

    @Test("A reported ring is in force immediately, with its documents")
    func applies() throws {
        let next = try SigningKey.generate(.es256)
        replicas.apply(.document(try Self.stored(revision: 2, key: next)))
        #expect(signing == next.keyID)
        #expect(keys.snapshot.documents?.keyIDs == [next.keyID])
        #expect(view.stored?.value.revision == 2)
    }

    @Test("An older state of the ring, reported late or restored from a copy, is not applied, and is overwritten")
    func older() throws {
        let next = try SigningKey.generate(.es256)
        let newer = try Self.stored(revision: 2, key: next)
        replicas.apply(.document(newer))
        replicas.apply(.document(first))
        #expect(signing == next.keyID && view.replacedBy == first.version)
        replicas.apply(.document(newer))
        #expect(signing == next.keyID && view.replacedBy == nil)
    }

    @Test("What this process has written is in force, unless a later write was reported before")
    func written() throws {
        let (next, last) = (try SigningKey.generate(.es256), try SigningKey.generate(.es256))
        let second = try Self.stored(revision: 2, key: next)
        let replica = try #require(replicas["two"])
        let reports = replica.reports
        #expect(replica.apply(.document(second), ifReports: reports))
        #expect(signing == next.keyID)
        let third = try Self.stored(revision: 3, key: last)
        replicas.apply(.document(third))
        #expect(!replica.apply(.document(second), ifReports: reports))
        #expect(signing == last.keyID)
        #expect(view.replacedBy == nil)
    }

    @Test("An endpoint continues with its ring after a reload, and a removed endpoint has none")
    func remounted() throws {
        // The keys of another issuer.
        let other = try ExampleGateway.configuration().endpoints[0].changed { $0.name = "two" }
        let again = try #require(replicas.remount(other))
        #expect(again.snapshot.active?.keyID == first.value.active?.keyID)
        #expect(again.confirmedUntil == keys.confirmedUntil)
        #expect(again.snapshot.documents?.discovery.content != keys.snapshot.documents?.discovery.content)
        let next = try SigningKey.generate(.es256)
        replicas.apply(.document(try Self.stored(revision: 2, key: next)))
        #expect(again.snapshot.active?.keyID == next.keyID)
        replicas.unmount("two")
        #expect(replicas.remount(other) == nil)
        replicas.apply(.document(try Self.stored(revision: 3, key: TestKeys.ec)))
        #expect(again.snapshot.active?.keyID == next.keyID)
    }

    @Test("However many events the watch has, they confirm all rings once in a second; a list always does")
    func confirmations() throws {
        replicas.apply(.confirmed(names: nil))
        let end = try #require(keys.confirmedUntil)
        clock.advance(by: 0.5)
        replicas.apply(.confirmed(names: nil))
        #expect(keys.confirmedUntil == end)
        replicas.apply(.confirmed(names: ["two"]))
        #expect(keys.confirmedUntil == end + 0.5)
        clock.advance(by: 0.5)
        replicas.apply(.confirmed(names: nil))
        #expect(keys.confirmedUntil == end + 1)
    }

    @Test("A ring that is not in a complete list is missing, also without a deletion event")
    func missing() {
        replicas.apply(.confirmed(names: ["two"]))
        #expect(view.isMissing != true)
        replicas.apply(.confirmed(names: []))
        #expect(view.isMissing == true && signing != nil)
        clock.advance(by: 600)
        replicas.apply(.confirmed(names: nil))
        clock.advance(by: 300)
        #expect(signing == nil)
    }

    @Test(
        "A ring that replaced one in force is not applied while that may sign")
    func otherOwner() throws {
        let key = try SigningKey.generate(.es256)
        let other = Stored(
            KeyRing(
                endpoint: "two", owner: "another", revision: 1, keys: try Self.stored(revision: 1, key: key).value.keys),
            version: .init(rawValue: "x"))
        replicas.apply(.document(other))
        #expect(signing == TestKeys.ec.keyID)
        #expect(
            view.replacedBy == other.version
                && view.stored?.version == first.version)
        #expect(replicas.problem(of: "two")?.contains("the store contains another key ring") == true)
        replicas.apply(.confirmed(names: nil))
        clock.advance(by: 899)
        replicas.apply(.document(other))
        #expect(signing == TestKeys.ec.keyID)
        clock.advance(by: 1)
        #expect(signing == nil)
        replicas.apply(.document(other))
        #expect(signing == key.keyID && replicas.problem(of: "two") == nil)
    }

    @Test("A ring that was created after the one in force was lost or damaged is overwritten, too")
    func otherAfterLoss() throws {
        let key = try SigningKey.generate(.es256)
        let other = KeyRing(
            endpoint: "two", owner: "another", revision: 1, keys: try Self.stored(revision: 1, key: key).value.keys)
        let bad = DocumentVersion(rawValue: "bad")
        for news: DocumentNews<KeyRing> in [
            .missing(name: "two"), .unusable(name: "two", .malformed("garbage"), version: bad),
        ] {
            replicas.apply(news)
            replicas.apply(.document(Stored(other, version: .init(rawValue: "x"))))
            let view = self.view
            #expect(view.isMissing == false && view.problem == nil && view.replacedBy?.rawValue == "x")
        }
    }

    @Test("A restored ring is in force as before")
    func putBack() throws {
        let key = try SigningKey.generate(.es256)
        let other = KeyRing(
            endpoint: "two", owner: "another", revision: 9, keys: try Self.stored(revision: 9, key: key).value.keys)
        replicas.apply(.document(Stored(other, version: .init(rawValue: "x"))))
        replicas.apply(.document(try Self.stored(revision: 2, key: TestKeys.ec)))
        #expect(signing == TestKeys.ec.keyID && view.replacedBy == nil)
        #expect(view.stored?.value.revision == 2 && replicas.problem(of: "two") == nil)
    }

    @Test("An invalid ring is a problem of its endpoint, and the last valid ring stays in force")
    func garbage() throws {
        replicas.apply(.unusable(name: "two", .malformed("garbage"), version: .init(rawValue: "bad")))
        for _ in 0..<100 {
            clock.advance(by: 60)
            replicas.apply(.confirmed(names: nil))
        }
        #expect(signing == TestKeys.ec.keyID)
        let problem = try #require(replicas.problem(of: "two"))
        #expect(problem.contains("garbage") && problem.contains("the last valid key ring is in force"))
        #expect(log.text.contains("garbage"))
        replicas.apply(.document(try Self.stored(revision: 2, key: TestKeys.ec)))
        #expect(replicas.problem(of: "two") == nil)
    }

    @Test("A ring that was not confirmed for fifteen minutes does not sign; its documents stay")
    func unconfirmed() throws {
        clock.advance(by: 899)
        #expect(signing != nil)
        clock.advance(by: 1)
        #expect(signing == nil)
        #expect(keys.snapshot.documents != nil)
        #expect(replicas.problem(of: "two")?.contains("not confirmed") == true)
        replicas.apply(.confirmed(names: nil))
        #expect(signing == TestKeys.ec.keyID && replicas.problem(of: "two") == nil)
    }

    @Test("A ring of a newer release does not confirm the one in force")
    func newer() {
        replicas.apply(.unusable(name: "two", .newerVersion(9, supported: 2), version: nil))
        for _ in 0..<15 {
            clock.advance(by: 60)
            replicas.apply(.confirmed(names: nil))
        }
        #expect(signing == nil)
    }

    @Test("A missing ring stays in force and is reported, and its return is observed")
    func gone() throws {
        replicas.apply(.missing(name: "two"))
        #expect(signing == TestKeys.ec.keyID && view.isMissing == true)
        #expect(replicas.problem(of: "two")?.contains("missing in the store") == true)
        replicas.apply(.document(first))
        #expect(view.isMissing == false && replicas.problem(of: "two") == nil)
    }

    @Test("An endpoint whose ring was not readable at start gets it later")
    func failedStart() throws {
        let replicas = KeyRingReplicas(
            store: FakeDocumentStore(),
            scheduler: Scheduler(
                now: { [clock] in clock.now }, monotonic: { [clock] in clock.now.timeIntervalSince1970 },
                random: { 0.5 }, sleep: { _ in }), logger: log.logger)
        let keys = replicas.mount(configuration, found: .failure(.unavailable("away")))
        #expect(keys.snapshot.active == nil && replicas.problem(of: "two")?.contains("away") == true)
        replicas.apply(.document(first))
        #expect(keys.confirmedSnapshot.active?.keyID == TestKeys.ec.keyID)
        #expect(replicas.problem(of: "two") == nil)
    }

    @Test("The problem of a rotation is reported, while its keys continue to sign")
    func rotationProblem() {
        replicas.report(rotationProblem: "no space left", of: "two")
        #expect(replicas.problem(of: "two") == "rotation: no space left" && signing != nil)
        replicas.report(rotationProblem: nil, of: "two")
        #expect(replicas.problem(of: "two") == nil)
    }

    @Test("A replica signals each change of its ring, and ignores other endpoints")
    func changes() async throws {
        var changes = try #require(replicas["two"]).changes().makeAsyncIterator()
        let other = KeyRing(endpoint: "missing", owner: "owner", keys: first.value.keys)
        replicas.apply(.document(Stored(other, version: first.version)))
        replicas.apply(.missing(name: "two"))
        #expect(await changes.next() != nil)
        #expect(replicas["missing"] == nil && replicas.problem(of: "missing") == nil)
    }
}
