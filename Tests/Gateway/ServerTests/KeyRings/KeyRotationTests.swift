import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import Synchronization
import Testing

@testable import GatewayServer

@Suite("Key rotation steps")
struct KeyRotationTests {
    private let log = RecordedJSONLog()
    private let store = FakeSigningKeyStore()
    private let clock = ManualClock(now: ExampleGateway.now)
    private let pairs = FakeKeyPairs()

    /// Key pairs that a test sets.
    private final class FakeKeyPairs: KeyPairReading {
        let material = Mutex<KeyPairMaterial?>(nil)

        func read(_ name: String) async throws(StoreError) -> KeyPairMaterial? { material.withLock { $0 } }

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

    private func rotation(
        endpoint index: Int = 1, keypair: String? = nil, mayWrite: Bool = true, ahead: Double? = nil
    ) throws -> KeyRotation {
        let configuration = try ExampleGateway.configuration().endpoints[index].changed { $0.keypair = keypair }
        return KeyRotation(
            configuration: configuration,
            leader: DocumentLeader(store: store, mayWrite: { mayWrite }, logger: log.logger), keyPairs: pairs,
            generator: SigningKeyGenerator(), clock: { ahead.map { ClockReading(ahead: $0) } })
    }

    @Test("A successor that was published in the future is prepared again, only by a replica whose clock is right")
    func futureTimes() async throws {
        let rotation = try rotation(ahead: 0)
        let first = try await rotation.first(at: clock.now)
        let ahead = clock.now.addingTimeInterval(61 * 86_400)
        let next = try SigningKey.generate(.es256)
        let policy = rotation.configuration.rotationPolicy
        let added = first.value.adding(
            next, certificate: try #require(first.value.active?.certificate), at: ahead, policy: policy)
        let ring = try #require(added.applying(.markPublished(next.keyID, at: ahead), at: ahead, policy: policy))
        let stored = Stored(ring, version: try await store.save(ring, replacing: first.version))
        for wrong in [-10_800.0, 61] {
            await #expect(throws: StoreError.self) { try await step(try self.rotation(ahead: wrong), stored) }
        }
        // It is not known which clock is right.
        await #expect(throws: StoreError.self) { try await step(try self.rotation(), stored) }
        #expect(store["two"]?.version == stored.version)
        let repaired = try await step(rotation, stored)
        #expect(repaired.value.successor?.state == .prepared && repaired.value.successor?.published == nil)
        #expect(store["two"]?.version == repaired.version)
        #expect(log.text.contains("key ring times in the future repaired"))
    }

    @Test("A replica whose clock is wrong creates no ring")
    func wrongClockCreatesNothing() async throws {
        await #expect(throws: StoreError.self) {
            try await rotation(ahead: 172_800).step(
                DocumentReplica.View(isMissing: true), evidence: nil, at: { [clock] in clock.now })
        }
        #expect(store.saves == 0)
    }

    /// Performs the next step and returns the ring; the same ring where no step is due.
    private func step(
        _ rotation: KeyRotation, _ stored: Stored<KeyRing>, observing evidence: PublicEvidence? = nil
    ) async throws -> Stored<KeyRing> {
        let outcome = try await rotation.step(
            DocumentReplica.View(stored: stored), evidence: evidence, at: { [clock] in clock.now })
        if case .stored(let changed) = outcome { return changed }
        return stored
    }

    private func observed(_ ring: KeyRing) -> PublicEvidence {
        let kids = Set(ring.keys.map(\.keyID))
        return PublicEvidence(read: clock.now, served: kids, expected: kids, isSettled: true)
    }

    @Test("A missing ring is created with one active key of the configured algorithm and its certificate")
    func firstRing() async throws {
        for (index, algorithm) in [SignatureAlgorithm.rs256, .es256].enumerated() {
            let stored = try await rotation(endpoint: index).first(at: clock.now)
            let active = try #require(stored.value.active)
            #expect(active.signingKey.algorithm == algorithm)
            #expect(active.keyID == active.signingKey.publicKey.parameters.thumbprint)
            #expect(active.created == clock.now && active.activated == clock.now && active.maximumTokenLifetime == 900)
            #expect(active.certificate.pem.hasPrefix("-----BEGIN CERTIFICATE-----"))
            #expect(stored.value.revision >= 1)
        }
        let again = try await rotation(endpoint: 0).first(at: clock.now)
        #expect(again.version == store["one"]?.version)
        #expect(store.saves == 2)
    }

    @Test("Where another replica has created the ring, that ring is used")
    func rival() async throws {
        let rival = try await rotation().first(at: clock.now).value
        store.put(nil, for: "two")
        store.beforeNextSave { [store] in store.put(rival, for: "two") }
        let stored = try await rotation().first(at: clock.now)
        #expect(stored.value.active?.keyID == rival.active?.keyID)
    }

    @Test("An old key gets a successor, which is activated after its propagation, and then the old one is removed")
    func wholeRotation() async throws {
        let rotation = try rotation()
        var stored = try await rotation.first(at: clock.now)
        let old = try #require(stored.value.active?.keyID)
        #expect(try await step(rotation, stored).version == stored.version)

        clock.advance(by: 30 * 86_400)
        stored = try await step(rotation, stored)
        let new = try #require(stored.value.successor?.keyID)
        #expect(stored.value.active?.keyID == old && stored.value.successor?.state == .prepared)
        #expect(try await step(rotation, stored).version == stored.version)

        stored = try await step(rotation, stored, observing: observed(stored.value))
        #expect(stored.value.successor?.state == .published)
        clock.advance(by: 7_200)
        stored = try await step(rotation, stored, observing: observed(stored.value))
        #expect(stored.value.active?.keyID == new && stored.value[old]?.state == .retiring)

        clock.advance(by: 900 + 300 + 600 + 900)
        stored = try await step(rotation, stored)
        #expect(stored.value.keys.map(\.keyID) == [new])
        #expect(stored.value.revision == store["two"]?.value.revision)
        #expect(log.text.contains("signing key activated"))
    }

    @Test("A write with a conflict is not repeated: the other ring is applied")
    func conflict() async throws {
        let rotation = try rotation()
        let stored = try await rotation.first(at: clock.now)
        clock.advance(by: 30 * 86_400)
        let theirs = stored.value.recording(nil)
        store.beforeNextSave { [store] in store.put(theirs, for: "two") }
        let taken = try await step(rotation, stored)
        #expect(taken.version == store["two"]?.version && taken.value.keys.count == 1)
    }

    @Test("A missing ring is restored with a new revision")
    func restored() async throws {
        let rotation = try rotation()
        let stored = try await rotation.first(at: clock.now)
        store.put(nil, for: "two")
        let outcome = try await rotation.step(
            DocumentReplica.View(stored: stored, isMissing: true), evidence: nil, at: { [clock] in clock.now })
        guard case .stored(let again) = outcome else {
            Issue.record("nothing was restored")
            return
        }
        #expect(again.value.active?.keyID == stored.value.active?.keyID && again.value.owner == stored.value.owner)
        #expect(again.value.revision == stored.value.revision + 1)
        #expect(store["two"]?.version == again.version)
    }

    @Test("A ring that replaced the published one is overwritten")
    func replaced() async throws {
        let rotation = try rotation()
        let stored = try await rotation.first(at: clock.now)
        store.put(nil, for: "two")
        let other = try await rotation.first(at: clock.now)
        #expect(other.value.owner != stored.value.owner)
        let outcome = try await rotation.step(
            DocumentReplica.View(stored: stored, replacedBy: other.version), evidence: nil,
            at: { [clock] in clock.now })
        guard case .stored(let again) = outcome else {
            Issue.record("nothing was put back")
            return
        }
        #expect(again.value.owner == stored.value.owner && store["two"]?.value.owner == stored.value.owner)
    }

    @Test("A ring that is deleted during a step is reported as missing")
    func goneMeanwhile() async throws {
        let rotation = try rotation()
        let stored = try await rotation.first(at: clock.now)
        store.put(nil, for: "two")
        clock.advance(by: 30 * 86_400)
        let outcome = try await rotation.step(
            DocumentReplica.View(stored: stored), evidence: nil, at: { [clock] in clock.now })
        guard case .missing = outcome else {
            Issue.record("not reported")
            return
        }
    }

    @Test("An invalid ring is not overwritten, and a replica that does not lead writes nothing")
    func leftAlone() async throws {
        let stored = try await rotation().first(at: clock.now)
        clock.advance(by: 30 * 86_400)
        for (view, mayWrite) in [
            (DocumentReplica.View(stored: stored, problem: .malformed("garbage")), true),
            (DocumentReplica.View(stored: stored), false),
        ] {
            let outcome = try await rotation(mayWrite: mayWrite).step(
                view, evidence: nil, at: { [clock] in clock.now })
            guard case .wait = outcome else {
                Issue.record("it was written")
                return
            }
        }
        #expect(store.saves == 1)
    }

    @Test("A store failure is reported, and a later step continues")
    func failure() async throws {
        store.fail(.unavailable("the disk is on fire"))
        await #expect(throws: StoreError.unavailable("the disk is on fire")) {
            try await rotation().first(at: clock.now)
        }
        store.fail(nil)
        #expect(try await rotation().first(at: clock.now).value.active != nil)
    }

    @Test("A changed algorithm adds a successor with the new algorithm")
    func otherAlgorithm() async throws {
        let stored = try await rotation(endpoint: 1).first(at: clock.now)
        let other = KeyRing(endpoint: "one", owner: "owner", keys: stored.value.keys)
        store.put(other, for: "one")
        let changed = try await step(rotation(endpoint: 0), try #require(store["one"]))
        #expect(changed.value.active?.signingKey.algorithm == .es256)
        #expect(changed.value.successor?.signingKey.algorithm == .rs256)
    }

    @Test("The key of issuer.keypair is the first key, with the certificate of the OpenUnison-compatible wire")
    func imported() async throws {
        let key = try SigningKey.generate(.es256)
        try pairs.hold(key)
        let stored = try await rotation(keypair: "mine").first(at: clock.now)
        #expect(stored.value.active?.keyID == key.keyID)
        #expect(stored.value.keypair == .init(name: "mine", uid: "1", kid: key.keyID, isPresent: true))
    }

    @Test("A changed or missing issuer.keypair rotates; the same key in a new Secret does not")
    func keypairChanges() async throws {
        let rotation = try rotation(keypair: "mine")
        let first = try SigningKey.generate(.es256)
        try pairs.hold(first)
        var stored = try await rotation.first(at: clock.now)

        try pairs.hold(first, uid: "2")
        stored = try await step(rotation, stored)
        #expect(stored.value.keypair?.uid == "2" && stored.value.keys.count == 1)

        let second = try SigningKey.generate(.es256)
        try pairs.hold(second, uid: "3")
        stored = try await step(rotation, stored)
        #expect(stored.value.successor?.keyID == second.keyID)
        stored = try await activated(stored, rotation)
        #expect(stored.value.active?.keyID == second.keyID)

        try pairs.hold(nil)
        stored = try await step(rotation, stored)
        let made = try #require(stored.value.successor?.keyID)
        #expect(stored.value.keypair?.isPresent == false)
        stored = try await activated(stored, rotation)
        #expect(stored.value.active?.keyID == made)
        let kids = stored.value.keys.map(\.keyID)
        for _ in 0..<3 { stored = try await step(rotation, stored) }
        #expect(stored.value.keys.map(\.keyID) == kids)
    }

    @Test("A key pair that cannot sign or was revoked is rejected with the reason, and the ring does not change")
    func refusedKeyPairs() async throws {
        let rotation = try rotation(keypair: "mine")
        let stored = try await rotation.first(at: clock.now)
        try pairs.hold(TestKeys.rsa)
        let wrong = await #expect(throws: StoreError.self) { try await step(rotation, stored) }
        #expect(wrong?.description.contains("cannot sign with ES256") == true)

        let key = try #require(stored.value.active?.signingKey)
        let revoked = try #require(stored.value.revoking(key.keyID, at: clock.now))
        store.put(revoked, for: "two")
        try pairs.hold(key)
        // A successor is added first: without one no key signs.
        let after = try await step(rotation, try #require(store["two"]))
        #expect(after.value.successor != nil && after.value.successor?.keyID != key.keyID)
        let again = await #expect(throws: StoreError.self) { try await step(rotation, after) }
        #expect(again?.description.contains("was revoked") == true)
    }

    @Test("An invalid key pair does not stop a rotation in progress")
    func brokenKeyPairMeanwhile() async throws {
        let rotation = try rotation(keypair: "mine")
        var stored = try await rotation.first(at: clock.now)
        clock.advance(by: 30 * 86_400)
        stored = try await step(rotation, stored)
        let new = try #require(stored.value.successor?.keyID)
        try pairs.hold(TestKeys.rsa)
        stored = try await activated(stored, rotation)
        #expect(stored.value.active?.keyID == new)
        await #expect(throws: StoreError.self) { try await step(rotation, stored) }
    }

    private func activated(_ stored: Stored<KeyRing>, _ rotation: KeyRotation) async throws -> Stored<KeyRing> {
        var stored = try await step(rotation, stored, observing: observed(stored.value))
        clock.advance(by: 7_200)
        // Older keys may be removed first.
        while stored.value.successor != nil {
            stored = try await step(rotation, stored, observing: observed(stored.value))
        }
        return stored
    }
}
