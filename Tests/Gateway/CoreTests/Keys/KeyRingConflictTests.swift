import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import Testing

@Suite("Which of two key rings stays")
struct KeyRingConflictTests {
    private let now = ExampleEndpoint.now
    private let (first, second): (KeyRing, KeyRing)

    init() throws {
        func ring(_ key: SigningKey, owner: String, at created: Date) throws -> KeyRing {
            KeyRing(
                endpoint: "one", owner: owner,
                keys: [
                    KeyRing.Key(
                        signingKey: key, state: .active, created: created,
                        certificate: try ExampleEndpoint.certificate())
                ])
        }
        first = try ring(TestKeys.ec, owner: "first", at: now.addingTimeInterval(-86_400))
        second = try ring(TestKeys.rsa, owner: "second", at: now)
    }

    private func resolution(
        _ mine: KeyRing, _ found: KeyRing, serves rings: [KeyRing]?, heldFor held: Double = 60, seenFor seen: Double = 5
    ) -> KeyRing.ConflictResolution {
        let kids = rings.map { Set($0.flatMap { $0.keys.map(\.keyID.rawValue) }) }
        let seenAt = now.addingTimeInterval(3_600)
        return mine.resolution(
            against: found,
            in: DocumentConflict(
                held: seenAt.addingTimeInterval(-held), seen: seenAt, now: seenAt.addingTimeInterval(seen),
                window: 900, reading: kids.map { .served($0) } ?? .unknown))
    }

    private let restores = KeyRing.ConflictResolution.stays(anyReplicaRestores: true)
    private let stays = KeyRing.ConflictResolution.stays(anyReplicaRestores: false)

    @Test(
        "The ring that the issuer URL serves stays on every replica, and any of them writes it back, however long it takes"
    )
    func served() {
        for (mine, other) in [(first, second), (second, first)] {
            for seen in [5.0, 3_600] {
                #expect(resolution(mine, other, serves: [mine], seenFor: seen) == restores)
                #expect(resolution(other, mine, serves: [mine], heldFor: 86_400, seenFor: seen) == .yields)
            }
        }
    }

    @Test(
        "Where neither or both are served, or the URL is unknown, the ring stays that was held before the other existed"
    )
    func heldBefore() {
        for rings in [nil, [], [first, second]] as [[KeyRing]?] {
            #expect(resolution(first, second, serves: rings, heldFor: 86_400) == restores)
            // Created by a replica that did not see the first one.
            #expect(resolution(second, first, serves: rings) == .yields)
            #expect(resolution(first, second, serves: rings, heldFor: 86_400, seenFor: 900) == .yields)
        }
    }

    @Test("Else the older one stays, unless the other one was in force for long")
    func older() {
        #expect(resolution(first, second, serves: nil) == stays)
        #expect(resolution(second, first, serves: nil, heldFor: 3_000) == stays)
        #expect(resolution(second, first, serves: nil, heldFor: 60) == .yields)
    }

    @Test("A ring of which a key was read at the URL once does not yield at once")
    func servedOnce() throws {
        var keys = first.keys
        keys[0] = KeyRing.Key(
            signingKey: TestKeys.ec, state: .active, created: keys[0].created, certificate: keys[0].certificate,
            published: keys[0].created)
        let known = KeyRing(endpoint: "one", owner: "first", keys: keys)
        #expect(resolution(known, second, serves: [second], heldFor: 86_400) == restores)
        #expect(resolution(second, known, serves: [second]) == .yields)
    }

    @Test("Nothing is decided before the URL was read, and an older state of the same ring is not adopted")
    func pending() {
        let conflict = DocumentConflict(
            held: now, seen: now, now: now.addingTimeInterval(5), window: 900, reading: .pending)
        #expect(second.resolution(against: first, in: conflict) == stays)
        #expect(first.resolution(against: second, in: conflict) == stays)
        #expect(first.restored.resolution(against: first, in: conflict) == stays)
        #expect(first.resolution(against: first.restored, in: conflict) == .yields)
    }
}
