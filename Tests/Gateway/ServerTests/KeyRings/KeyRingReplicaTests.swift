import FoundationEssentials
import GatewayCore
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import Testing

@testable import GatewayServer

@Suite("A replica's view of key rings")
struct KeyRingReplicaTests {
    private let clock = ManualClock(now: ExampleGateway.now)
    private let log = KeptLog()
    private let replica: KeyRingReplica
    private let configuration: EndpointConfiguration
    private let keys: CurrentSigningKeys
    private let first: StoredKeyRing

    init() throws {
        configuration = try ExampleGateway.configuration().endpoints[1]
        replica = KeyRingReplica(store: SilentStore(), clock: { [clock] in clock.now }, logger: log.logger)
        first = try Self.stored(revision: 1, key: TestKeys.ec)
        keys = replica.mount(configuration, found: .success(first))
    }

    private static func stored(revision: Int, key: SigningKey) throws -> StoredKeyRing {
        let certificate = try KeyCertificate.selfSigned(
            for: key, endpoint: "two", from: ExampleGateway.now, lifetime: 60)
        let ring = KeyRing(
            endpoint: "two", owner: "owner", revision: revision,
            keys: [KeyRing.Key(signingKey: key, state: .active, created: ExampleGateway.now, certificate: certificate)])
        return StoredKeyRing(ring: ring, version: KeyRingVersion(rawValue: "\(revision)"))
    }

    private var signing: KeyID? { keys.snapshot(at: clock.now).active?.keyID }

    @Test("A ring that the store tells is in force at once, with its documents")
    func takesOn() throws {
        let next = try SigningKey.generate(.es256)
        replica.take(.ring(endpoint: "two", try Self.stored(revision: 2, key: next)))
        #expect(signing == next.keyID)
        #expect(keys.snapshot.documents?.keyIDs == [next.keyID])
        #expect(replica.view(of: "two").stored?.ring.revision == 2)
    }

    @Test("An older state of the ring, told late or put back from a copy, is not taken on, and is to be overwritten")
    func older() throws {
        let next = try SigningKey.generate(.es256)
        let newer = try Self.stored(revision: 2, key: next)
        replica.take(newer, of: "two")
        replica.take(.ring(endpoint: "two", first))
        #expect(signing == next.keyID && replica.view(of: "two").replacedBy == first.version)
        replica.take(.ring(endpoint: "two", newer))
        #expect(signing == next.keyID && replica.view(of: "two").replacedBy == nil)
    }

    @Test("What this process has written is in force, unless a later write was told before it came back")
    func written() throws {
        let (next, last) = (try SigningKey.generate(.es256), try SigningKey.generate(.es256))
        let second = try Self.stored(revision: 2, key: next)
        replica.take(written: second, of: "two")
        #expect(signing == next.keyID)
        let third = try Self.stored(revision: 3, key: last)
        replica.take(.ring(endpoint: "two", third))
        replica.take(written: second, of: "two")
        #expect(signing == last.keyID)
        #expect(replica.view(of: "two").replacedBy == nil)
    }

    @Test("An endpoint goes on with its ring for another configuration, and without it follows no ring")
    func remounted() throws {
        // Of another issuer.
        var other = try ExampleGateway.configuration().endpoints[0]
        other.name = "two"
        let again = try #require(replica.remount(other))
        #expect(again.snapshot.active?.keyID == first.ring.active?.keyID)
        #expect(again.confirmedUntil == keys.confirmedUntil)
        #expect(again.snapshot.documents?.discovery.content != keys.snapshot.documents?.discovery.content)
        let next = try SigningKey.generate(.es256)
        replica.take(.ring(endpoint: "two", try Self.stored(revision: 2, key: next)))
        #expect(again.snapshot.active?.keyID == next.keyID)
        replica.unmount("two")
        #expect(replica.remount(other) == nil)
        replica.take(.ring(endpoint: "two", try Self.stored(revision: 3, key: TestKeys.ec)))
        #expect(again.snapshot.active?.keyID == next.keyID)
    }

    @Test("A ring that a whole listing does not have is gone, though nothing told of its end")
    func missing() {
        replica.take(.confirmed(endpoints: ["two"]))
        #expect(!replica.view(of: "two").isGone)
        replica.take(.confirmed(endpoints: []))
        #expect(replica.view(of: "two").isGone && signing != nil)
        clock.advance(by: 600)
        replica.take(.confirmed(endpoints: nil))
        clock.advance(by: 300)
        #expect(signing == nil)
    }

    @Test(
        "A ring that was made anew in the place of one that is in force is not taken on, for as long as that may sign")
    func otherOwner() throws {
        let key = try SigningKey.generate(.es256)
        let other = StoredKeyRing(
            ring: KeyRing(
                endpoint: "two", owner: "another", revision: 1, keys: try Self.stored(revision: 1, key: key).ring.keys),
            version: .init(rawValue: "x"))
        replica.take(.ring(endpoint: "two", other))
        #expect(signing == TestKeys.ec.keyID)
        #expect(
            replica.view(of: "two").replacedBy == other.version
                && replica.view(of: "two").stored?.version == first.version)
        #expect(replica.problem(of: "two")?.contains("another key ring is in its place") == true)
        replica.take(.confirmed(endpoints: nil))
        clock.advance(by: 899)
        replica.take(.ring(endpoint: "two", other))
        #expect(signing == TestKeys.ec.keyID)
        clock.advance(by: 1)
        #expect(signing == nil)
        replica.take(.ring(endpoint: "two", other))
        #expect(signing == key.keyID && replica.problem(of: "two") == nil)
    }

    @Test("One that was made anew after the ring was lost, or spoilt, is to be overwritten all the same")
    func otherAfterLoss() throws {
        let key = try SigningKey.generate(.es256)
        let other = KeyRing(
            endpoint: "two", owner: "another", revision: 1, keys: try Self.stored(revision: 1, key: key).ring.keys)
        for news in [KeyRingNews.gone(endpoint: "two"), .unusable(endpoint: "two", .malformed("garbage"))] {
            replica.take(news)
            replica.take(.ring(endpoint: "two", StoredKeyRing(ring: other, version: .init(rawValue: "x"))))
            let view = replica.view(of: "two")
            #expect(!view.isGone && view.problem == nil && view.replacedBy?.rawValue == "x")
        }
    }

    @Test("The one that was put back is in force as if nothing had been")
    func putBack() throws {
        let key = try SigningKey.generate(.es256)
        let other = KeyRing(
            endpoint: "two", owner: "another", revision: 9, keys: try Self.stored(revision: 9, key: key).ring.keys)
        replica.take(.ring(endpoint: "two", StoredKeyRing(ring: other, version: .init(rawValue: "x"))))
        replica.take(try Self.stored(revision: 2, key: TestKeys.ec), of: "two")
        #expect(signing == TestKeys.ec.keyID && replica.view(of: "two").replacedBy == nil)
        #expect(replica.view(of: "two").stored?.ring.revision == 2 && replica.problem(of: "two") == nil)
    }

    @Test("Garbage in the store is a problem of that endpoint, and the last good ring stays in force")
    func garbage() throws {
        replica.take(.unusable(endpoint: "two", .malformed("garbage")))
        for _ in 0..<100 {
            clock.advance(by: 60)
            replica.take(.confirmed(endpoints: nil))
        }
        #expect(signing == TestKeys.ec.keyID)
        let problem = try #require(replica.problem(of: "two"))
        #expect(problem.contains("garbage") && problem.contains("the last good ring is in force"))
        #expect(log.text.contains("garbage"))
        replica.take(.ring(endpoint: "two", try Self.stored(revision: 2, key: TestKeys.ec)))
        #expect(replica.problem(of: "two") == nil)
    }

    @Test("By a ring that was not confirmed for fifteen minutes nothing signs; its documents stay")
    func unconfirmed() throws {
        clock.advance(by: 899)
        #expect(signing != nil)
        clock.advance(by: 1)
        #expect(signing == nil)
        #expect(keys.snapshot.documents != nil)
        #expect(replica.problem(of: "two")?.contains("not confirmed") == true)
        replica.take(.confirmed(endpoints: nil))
        #expect(signing == TestKeys.ec.keyID && replica.problem(of: "two") == nil)
    }

    @Test("A ring of a newer gateway is one that this gateway cannot confirm its own by")
    func newer() {
        replica.take(.unusable(endpoint: "two", .newerVersion(9)))
        for _ in 0..<15 {
            clock.advance(by: 60)
            replica.take(.confirmed(endpoints: nil))
        }
        #expect(signing == nil)
    }

    @Test("A ring that is gone stays in force, is told as gone, and its return is seen")
    func gone() throws {
        replica.take(.gone(endpoint: "two"))
        #expect(signing == TestKeys.ec.keyID && replica.view(of: "two").isGone)
        #expect(replica.problem(of: "two")?.contains("gone from the store") == true)
        replica.take(.ring(endpoint: "two", first))
        #expect(!replica.view(of: "two").isGone && replica.problem(of: "two") == nil)
    }

    @Test("An endpoint whose ring could not be read at start gets it when it can")
    func failedStart() throws {
        let replica = KeyRingReplica(store: SilentStore(), clock: { [clock] in clock.now }, logger: log.logger)
        let keys = replica.mount(configuration, found: .failure(.unavailable("away")))
        #expect(keys.snapshot.active == nil && replica.problem(of: "two")?.contains("away") == true)
        replica.take(.ring(endpoint: "two", first))
        #expect(keys.snapshot(at: clock.now).active?.keyID == TestKeys.ec.keyID)
        #expect(replica.problem(of: "two") == nil)
    }

    @Test("What keeps a rotation from coming on is told, while its keys go on signing")
    func rotationProblem() {
        replica.tell(rotationProblem: "no space left", of: "two")
        #expect(replica.problem(of: "two") == "rotation: no space left" && signing != nil)
        replica.tell(rotationProblem: nil, of: "two")
        #expect(replica.problem(of: "two") == nil)
    }

    @Test("Who waits for a ring is told of each change, and of other endpoints' nothing is taken")
    func changes() async throws {
        var changes = replica.changes(of: "two").makeAsyncIterator()
        replica.take(.ring(endpoint: "nobody", first))
        replica.take(.gone(endpoint: "two"))
        #expect(await changes.next() != nil)
        #expect(replica.view(of: "nobody").stored == nil && replica.problem(of: "nobody") == nil)
    }
}
