import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import JOSE
import Logging

/// One endpoint's next step, done: read what it needs, ask the ring, write what comes of it.
struct KeyRotation: Sendable {
    let configuration: EndpointConfiguration
    let store: any SigningKeyStore
    let keyPairs: (any KeyPairReading)?
    let maker: SigningKeyMaker
    let logger: Logger

    /// Seconds between two looks at an `issuer.keypair`.
    static let lookInterval = 30.0

    enum Outcome: Sendable {
        /// This is the ring now.
        case changed(StoredKeyRing)
        /// The store has none any more.
        case gone
        /// Nothing is to be done until then, or until something is seen.
        case waits(until: Date?)
    }

    private var policy: RotationPolicy { configuration.rotationPolicy }

    /// - Parameter mayWrite: asked right before each write.
    /// - Throws: what the store says; what it has is left as it is.
    func step(
        _ view: KeyRingReplica.View, evidence: PublicEvidence?, at now: @Sendable () -> Date,
        mayWrite: @Sendable () -> Bool
    ) async throws(KeyStoreError) -> Outcome {
        switch view.problem {
        // Not this gateway's to overwrite: somebody may restore it, and a newer gateway reads it.
        case .malformed, .newerVersion: return .waits(until: nil)
        case .none, .conflict, .unavailable, .refused: break
        }
        guard let stored = view.stored else { return .changed(try await first(at: now())) }
        if view.isGone || view.replacedBy != nil {
            logger.warning(
                "the key ring is not in the store any more and is restored from memory",
                metadata: ["in its place": view.replacedBy == nil ? "nothing" : "another ring"])
            return try await save(stored.ring.restored, replacing: view.replacedBy, mayWrite)
        }
        // A key pair that cannot be used keeps no rotation from going on; it is told when there is nothing else to do.
        var keyPairFailure: KeyStoreError?
        do throws(KeyStoreError) {
            if let outcome = try await lookAtKeyPair(stored, at: now(), mayWrite) { return outcome }
        } catch {
            keyPairFailure = error
        }
        let step = stored.ring.nextStep(at: now(), policy: policy, evidence: evidence)
        switch step {
        case .wait(_, let time):
            if let keyPairFailure { throw keyPairFailure }
            return .waits(until: time)
        case .addKey(let reason):
            let made = try await make(at: now())
            logger.notice(
                "a new key is to be published", metadata: ["kid": "\(made.keyID)", "because": "\(reason.rawValue)"])
            return try await save(
                stored.ring.adding(made.signingKey, certificate: made.certificate, at: now(), policy: policy),
                replacing: stored.version, mayWrite)
        default:
            guard let ring = stored.ring.applying(step, at: now(), policy: policy) else { return .waits(until: nil) }
            let outcome = try await save(ring, replacing: stored.version, mayWrite)
            tell(step)
            return outcome
        }
    }

    /// The ring that is there, or the first one.
    func first(at now: Date) async throws(KeyStoreError) -> StoredKeyRing {
        if let stored = try await store.load(endpoint: configuration.name) { return stored }
        var ring = KeyRing(endpoint: configuration.name, owner: KeyRing.newOwner(), revision: 0, keys: [])
        if let found = try await foundKeyPair() {
            ring = ring.adding(found.signingKey, certificate: found.certificate, at: now, policy: policy)
                .recording(found.record)
        } else {
            let made = try await make(at: now)
            ring = ring.adding(made.signingKey, certificate: made.certificate, at: now, policy: policy)
        }
        do {
            let version = try await store.save(ring, replacing: nil)
            logger.notice("key ring made", metadata: ["kid": "\(ring.keys[0].keyID)"])
            return StoredKeyRing(ring: ring, version: version)
        } catch .conflict {
            // Another replica was first: its ring is the ring.
            guard let stored = try await store.load(endpoint: configuration.name) else { throw .conflict }
            return stored
        }
    }

    /// nil where there is nothing to do about it.
    private func lookAtKeyPair(
        _ stored: StoredKeyRing, at now: Date, _ mayWrite: @Sendable () -> Bool
    ) async throws(KeyStoreError) -> Outcome? {
        guard configuration.keypair != nil || stored.ring.keypair != nil else { return nil }
        let found = try await foundKeyPair()
        let ring: KeyRing
        switch stored.ring.keyPairStep(name: configuration.keypair, found: found) {
        case .nothing, .later: return nil
        case .refuse(let kid):
            throw .refused("issuer.keypair holds the key \(kid), which was revoked; give it another one")
        case .record(let record): ring = stored.ring.recording(record)
        case .takeIn:
            guard let found else { return nil }
            logger.notice(
                "the key of issuer.keypair is to be published", metadata: ["kid": "\(found.signingKey.keyID)"])
            ring = stored.ring.adding(found.signingKey, certificate: found.certificate, at: now, policy: policy)
                .recording(found.record)
        case .replace(let record):
            let made = try await make(at: now)
            logger.notice(
                "issuer.keypair is gone, so a new key is to be published", metadata: ["kid": "\(made.keyID)"])
            ring = stored.ring.adding(made.signingKey, certificate: made.certificate, at: now, policy: policy)
                .recording(record)
        }
        return try await save(ring, replacing: stored.version, mayWrite)
    }

    private func foundKeyPair() async throws(KeyStoreError) -> FoundKeyPair? {
        guard let name = configuration.keypair, let keyPairs, let material = try await keyPairs.read(name) else {
            return nil
        }
        return try FoundKeyPair(name: name, material, algorithm: configuration.endpoint.algorithm)
    }

    private func make(at now: Date) async throws(KeyStoreError) -> SigningKeyMaker.Made {
        try await maker.make(
            policy.algorithm, rsaKeySize: policy.rsaKeySize, endpoint: configuration.name, at: now)
    }

    /// A write that somebody came before changes nothing: what they wrote is taken on, and asked anew.
    private func save(
        _ ring: KeyRing, replacing version: KeyRingVersion?, _ mayWrite: @Sendable () -> Bool
    ) async throws(KeyStoreError) -> Outcome {
        guard mayWrite() else { return .waits(until: nil) }
        do {
            return .changed(StoredKeyRing(ring: ring, version: try await store.save(ring, replacing: version)))
        } catch .conflict {
            return try await store.load(endpoint: configuration.name).map { .changed($0) } ?? .gone
        }
    }

    private func tell(_ step: RotationStep) {
        switch step {
        case .markPublished(let kid, _):
            logger.notice("the issuer URL serves the new key", metadata: ["kid": "\(kid)"])
        case .markAbsent(let kid):
            logger.warning("the issuer URL does not serve the new key any more", metadata: ["kid": "\(kid)"])
        case .activate(let kid): logger.notice("a new key signs", metadata: ["kid": "\(kid)"])
        case .remove(let kids):
            logger.notice("keys left the key set", metadata: ["kids": .array(kids.map { "\($0)" })])
        case .recordLife, .addKey, .wait: break
        }
    }
}

extension SigningKeyMaker.Made {
    var keyID: KeyID { signingKey.keyID }
}
