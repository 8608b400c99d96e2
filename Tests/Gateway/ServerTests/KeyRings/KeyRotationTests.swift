import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The steps of a key ring, done")
struct KeyRotationTests {
    private let log = KeptLog()
    private let store = FakeSigningKeyStore()
    private let clock = ManualClock(now: ExampleGateway.now)
    private let pairs = FakeKeyPairs()

    /// Key pairs as a test wants them.
    private final class FakeKeyPairs: KeyPairReading {
        let material = Mutex<KeyPairMaterial?>(nil)

        func read(_ name: String) async throws(KeyStoreError) -> KeyPairMaterial? { material.withLock { $0 } }

        func hold(_ key: SigningKey?, uid: String = "1") throws {
            let certificate = try key.map {
                try KeyCertificate.selfSigned(for: $0, endpoint: "one", from: ExampleGateway.now, lifetime: 60).pem
            }
            material.withLock { material in
                material = key.map {
                    KeyPairMaterial(uid: uid, certificatePEM: certificate ?? "", keyPEM: $0.pkcs8PEM)
                }
            }
        }
    }

    private func rotation(endpoint index: Int = 1, keypair: String? = nil) throws -> KeyRotation {
        var configuration = try ExampleGateway.configuration().endpoints[index]
        configuration.keypair = keypair
        return KeyRotation(
            configuration: configuration, store: store, keyPairs: pairs, maker: SigningKeyMaker(), logger: log.logger)
    }

    /// What the next step makes of the ring; the ring as it is where it waits.
    private func step(
        _ rotation: KeyRotation, _ stored: StoredKeyRing, sees evidence: PublicEvidence? = nil
    ) async throws -> StoredKeyRing {
        let outcome = try await rotation.step(
            KeyRingReplica.View(stored: stored), evidence: evidence, at: { [clock] in clock.now }, mayWrite: { true })
        if case .changed(let changed) = outcome { return changed }
        return stored
    }

    private func seen(_ ring: KeyRing) -> PublicEvidence {
        let kids = Set(ring.keys.map(\.keyID))
        return PublicEvidence(read: clock.now, served: kids, expected: kids, isSettled: true)
    }

    @Test("Where there is no ring, one key of the configured algorithm is made, active at once, with its certificate")
    func firstRing() async throws {
        for (index, algorithm) in [SignatureAlgorithm.rs256, .es256].enumerated() {
            let stored = try await rotation(endpoint: index).first(at: clock.now)
            let active = try #require(stored.ring.active)
            #expect(active.signingKey.algorithm == algorithm)
            #expect(active.keyID == active.signingKey.publicKey.parameters.thumbprint)
            #expect(active.created == clock.now && active.activated == clock.now && active.longestLife == 900)
            #expect(active.certificate.pem.hasPrefix("-----BEGIN CERTIFICATE-----"))
            #expect(stored.ring.revision >= 1)
        }
        let again = try await rotation(endpoint: 0).first(at: clock.now)
        #expect(again.version == store["one"]?.version)
        #expect(store.saves == 2)
    }

    @Test("Where another replica was first, its ring is the ring")
    func rival() async throws {
        let rival = try await rotation().first(at: clock.now).ring
        store.put(nil, for: "two")
        store.beforeNextSave { [store] in store.put(rival, for: "two") }
        let stored = try await rotation().first(at: clock.now)
        #expect(stored.ring.active?.keyID == rival.active?.keyID)
    }

    @Test("An old key gets a successor, which signs once it was seen and everybody has it, and then the old one goes")
    func wholeRotation() async throws {
        let rotation = try rotation()
        var stored = try await rotation.first(at: clock.now)
        let old = try #require(stored.ring.active?.keyID)
        #expect(try await step(rotation, stored).version == stored.version)

        clock.advance(by: 30 * 86_400)
        stored = try await step(rotation, stored)
        let new = try #require(stored.ring.successor?.keyID)
        #expect(stored.ring.active?.keyID == old && stored.ring.successor?.state == .prepared)
        #expect(try await step(rotation, stored).version == stored.version)

        stored = try await step(rotation, stored, sees: seen(stored.ring))
        #expect(stored.ring.successor?.state == .published)
        clock.advance(by: 7_200)
        stored = try await step(rotation, stored, sees: seen(stored.ring))
        #expect(stored.ring.active?.keyID == new && stored.ring[old]?.state == .retiring)

        clock.advance(by: 900 + 300 + 600 + 900)
        stored = try await step(rotation, stored)
        #expect(stored.ring.keys.map(\.keyID) == [new])
        #expect(stored.ring.revision == store["two"]?.ring.revision)
        #expect(log.text.contains("a new key signs"))
    }

    @Test("A write that somebody came before is not repeated: their ring is taken on")
    func conflict() async throws {
        let rotation = try rotation()
        let stored = try await rotation.first(at: clock.now)
        clock.advance(by: 30 * 86_400)
        let theirs = stored.ring.recording(nil)
        store.beforeNextSave { [store] in store.put(theirs, for: "two") }
        let taken = try await step(rotation, stored)
        #expect(taken.version == store["two"]?.version && taken.ring.keys.count == 1)
    }

    @Test("A ring that is gone from the store is restored as it was, under a new revision")
    func restored() async throws {
        let rotation = try rotation()
        let stored = try await rotation.first(at: clock.now)
        store.put(nil, for: "two")
        let outcome = try await rotation.step(
            KeyRingReplica.View(stored: stored, isGone: true), evidence: nil, at: { [clock] in clock.now },
            mayWrite: { true })
        guard case .changed(let again) = outcome else {
            Issue.record("nothing was restored")
            return
        }
        #expect(again.ring.active?.keyID == stored.ring.active?.keyID && again.ring.owner == stored.ring.owner)
        #expect(again.ring.revision == stored.ring.revision + 1)
        #expect(store["two"]?.version == again.version)
    }

    @Test("A ring that was made anew in its place is overwritten by the one that verifiers know")
    func replaced() async throws {
        let rotation = try rotation()
        let stored = try await rotation.first(at: clock.now)
        store.put(nil, for: "two")
        let other = try await rotation.first(at: clock.now)
        #expect(other.ring.owner != stored.ring.owner)
        let outcome = try await rotation.step(
            KeyRingReplica.View(stored: stored, replacedBy: other.version), evidence: nil,
            at: { [clock] in clock.now }, mayWrite: { true })
        guard case .changed(let again) = outcome else {
            Issue.record("nothing was put back")
            return
        }
        #expect(again.ring.owner == stored.ring.owner && store["two"]?.ring.owner == stored.ring.owner)
    }

    @Test("A ring that turns out to be gone in the midst of a step is told as gone")
    func goneMeanwhile() async throws {
        let rotation = try rotation()
        let stored = try await rotation.first(at: clock.now)
        store.put(nil, for: "two")
        clock.advance(by: 30 * 86_400)
        let outcome = try await rotation.step(
            KeyRingReplica.View(stored: stored), evidence: nil, at: { [clock] in clock.now }, mayWrite: { true })
        guard case .gone = outcome else {
            Issue.record("it was not told")
            return
        }
    }

    @Test("What the store cannot read is left alone, and so is everything by who leads no more")
    func leftAlone() async throws {
        let rotation = try rotation()
        let stored = try await rotation.first(at: clock.now)
        clock.advance(by: 30 * 86_400)
        for (view, mayWrite) in [
            (KeyRingReplica.View(stored: stored, problem: .malformed("garbage")), true),
            (KeyRingReplica.View(stored: stored), false),
        ] {
            let outcome = try await rotation.step(
                view, evidence: nil, at: { [clock] in clock.now }, mayWrite: { mayWrite })
            guard case .waits = outcome else {
                Issue.record("it was written")
                return
            }
        }
        #expect(store.saves == 1)
    }

    @Test("A store that fails is told, and a later try goes on")
    func failure() async throws {
        store.fail(.unavailable("the disk is on fire"))
        await #expect(throws: KeyStoreError.unavailable("the disk is on fire")) {
            try await rotation().first(at: clock.now)
        }
        store.fail(nil)
        #expect(try await rotation().first(at: clock.now).ring.active != nil)
    }

    @Test("A ring of another algorithm than the configured one gets a successor of the configured one")
    func otherAlgorithm() async throws {
        let stored = try await rotation(endpoint: 1).first(at: clock.now)
        let other = KeyRing(endpoint: "one", owner: "owner", keys: stored.ring.keys)
        store.put(other, for: "one")
        let changed = try await step(rotation(endpoint: 0), try #require(store["one"]))
        #expect(changed.ring.active?.signingKey.algorithm == .es256)
        #expect(changed.ring.successor?.signingKey.algorithm == .rs256)
    }

    @Test("The key of issuer.keypair is the first one, and its certificate the stock wire's")
    func imported() async throws {
        let key = try SigningKey.generate(.es256)
        try pairs.hold(key)
        let stored = try await rotation(keypair: "mine").first(at: clock.now)
        #expect(stored.ring.active?.keyID == key.keyID)
        #expect(stored.ring.keypair == .init(name: "mine", uid: "1", kid: key.keyID, isPresent: true))
    }

    @Test("Another key in issuer.keypair, and its absence once, rotate; the same key in a new Secret does not")
    func keypairChanges() async throws {
        let rotation = try rotation(keypair: "mine")
        let first = try SigningKey.generate(.es256)
        try pairs.hold(first)
        var stored = try await rotation.first(at: clock.now)

        try pairs.hold(first, uid: "2")
        stored = try await step(rotation, stored)
        #expect(stored.ring.keypair?.uid == "2" && stored.ring.keys.count == 1)

        let second = try SigningKey.generate(.es256)
        try pairs.hold(second, uid: "3")
        stored = try await step(rotation, stored)
        #expect(stored.ring.successor?.keyID == second.keyID)
        stored = try await activated(stored, rotation)
        #expect(stored.ring.active?.keyID == second.keyID)

        try pairs.hold(nil)
        stored = try await step(rotation, stored)
        let made = try #require(stored.ring.successor?.keyID)
        #expect(stored.ring.keypair?.isPresent == false)
        stored = try await activated(stored, rotation)
        #expect(stored.ring.active?.keyID == made)
        let kids = stored.ring.keys.map(\.keyID)
        for _ in 0..<3 { stored = try await step(rotation, stored) }
        #expect(stored.ring.keys.map(\.keyID) == kids)
    }

    @Test("A key pair that cannot sign, or was revoked, is refused in words, and the ring stays")
    func refusedKeyPairs() async throws {
        let rotation = try rotation(keypair: "mine")
        let stored = try await rotation.first(at: clock.now)
        try pairs.hold(TestKeys.rsa)
        let wrong = await #expect(throws: KeyStoreError.self) { try await step(rotation, stored) }
        #expect(wrong?.description.contains("cannot sign with ES256") == true)

        let key = try #require(stored.ring.active?.signingKey)
        let revoked = try #require(stored.ring.revoking(key.keyID, at: clock.now))
        store.put(revoked, for: "two")
        try pairs.hold(key)
        // A successor is made first, for without one nothing signs.
        let after = try await step(rotation, try #require(store["two"]))
        #expect(after.ring.successor != nil && after.ring.successor?.keyID != key.keyID)
        let again = await #expect(throws: KeyStoreError.self) { try await step(rotation, after) }
        #expect(again?.description.contains("was revoked") == true)
    }

    @Test("A key pair that cannot be used does not stop the rotation that is under way")
    func brokenKeyPairMeanwhile() async throws {
        let rotation = try rotation(keypair: "mine")
        var stored = try await rotation.first(at: clock.now)
        clock.advance(by: 30 * 86_400)
        stored = try await step(rotation, stored)
        let new = try #require(stored.ring.successor?.keyID)
        try pairs.hold(TestKeys.rsa)
        stored = try await activated(stored, rotation)
        #expect(stored.ring.active?.keyID == new)
        await #expect(throws: KeyStoreError.self) { try await step(rotation, stored) }
    }

    private func activated(_ stored: StoredKeyRing, _ rotation: KeyRotation) async throws -> StoredKeyRing {
        var stored = try await step(rotation, stored, sees: seen(stored.ring))
        clock.advance(by: 7_200)
        // Older keys may leave first.
        while stored.ring.successor != nil { stored = try await step(rotation, stored, sees: seen(stored.ring)) }
        return stored
    }
}
