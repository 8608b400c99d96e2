import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import JOSE
import Logging

/// The rotation steps of one endpoint's key ring: reads the inputs, determines the next step, writes the result.
struct KeyRotation: Sendable {
    typealias Outcome = DocumentLeader<KeyRing>.Outcome

    let configuration: EndpointConfiguration
    let leader: DocumentLeader<KeyRing>
    /// Reads `issuer.keypair`; nil where that is not supported.
    let keyPairs: (any KeyPairReading)?
    let generator: SigningKeyGenerator
    /// This replica's clock, compared with the deciding one; nil where that is not known.
    var clock: @Sendable () -> ClockReading? = { nil }

    /// Seconds between two reads of an `issuer.keypair`.
    static let keyPairInterval = 30.0

    private var policy: RotationPolicy { configuration.rotationPolicy }
    private var logger: Logger { leader.logger }

    /// Performs the next step.
    ///
    /// - Throws: why the step failed; the stored ring is unchanged then.
    func step(
        _ view: DocumentReplica<KeyRing>.View, evidence: PublicEvidence?,
        invalidated: KeyRing.InvalidatedDocuments? = nil, handedOver: Set<KeyID> = [], location: String? = nil,
        at now: @Sendable () -> Date
    ) async throws(StoreError) -> Outcome {
        switch view.problem {
        // Never overwritten: an operator may restore it, and a newer release can read it.
        case .malformed, .foreign, .newerVersion: return .wait(until: nil)
        case .none, .conflict, .unavailable, .rejected: break
        }
        if let problem = clock()?.problem { throw .rejected(problem) }
        guard let stored = view.stored else {
            guard leader.mayWrite() else { return .wait(until: nil) }
            return .stored(try await first(at: now()))
        }
        // Which of two rings stays is decided by what the issuer URL serves: KeyRingRecovery.
        if let found = view.found, found.value.owner != stored.value.owner { return .wait(until: nil) }
        if let restored = try await leader.restore(view) { return restored }
        var timeFailure: StoreError?
        switch stored.value.timeStep(at: now(), clock: clock()) {
        case .none: break
        case .standStill(let problem): throw .rejected(problem)
        case .report(let problem): timeFailure = .rejected(problem)
        case .repair(let ring, let times):
            let outcome = try await leader.save(ring, replacing: stored)
            logger.warning(
                "key ring times in the future repaired",
                metadata: ["code": "\(ErrorCode.clock)", "times": .array(times.map { "\($0)" })])
            return outcome
        }
        // A key pair that cannot be used does not stop the rotation; it is reported when no other step is due.
        var keyPairFailure: StoreError?
        do throws(StoreError) {
            if let outcome = try await importKeyPair(stored, at: now()) { return outcome }
        } catch {
            keyPairFailure = error
        }
        let step = stored.value.nextStep(at: now(), policy: policy, evidence: evidence)
        switch step {
        case .wait(_, let time):
            let record = KeyRing.IssuerRecord(configuration, ring: stored.value)
            let failure = keyPairFailure ?? timeFailure
            if let ring = stored.value.recording(
                record, location: location, invalidated: invalidated, handedOver: handedOver)
            {
                // The rotation does not depend on the record: a write that fails is repeated with the next step.
                let outcome = try? await leader.save(ring, replacing: stored)
                if failure == nil, let outcome { return outcome }
            }
            if let failure { throw failure }
            return .wait(until: time)
        case .addKey(let reason):
            let generated = try await generate(at: now())
            logger.notice(
                "signing key created", metadata: ["kid": "\(generated.keyID)", "because": "\(reason.rawValue)"])
            return try await leader.save(
                stored.value.adding(
                    generated.signingKey, certificate: generated.certificate, at: now(), policy: policy,
                    isStandby: reason == .standby),
                replacing: stored)
        default:
            guard let ring = stored.value.applying(step, at: now(), policy: policy) else { return .wait(until: nil) }
            let outcome = try await leader.save(ring, replacing: stored)
            log(step)
            return outcome
        }
    }

    /// Returns the stored ring; creates the first one where the store has none.
    func first(at now: Date) async throws(StoreError) -> Stored<KeyRing> {
        if let stored = try await leader.store.load(configuration.name) { return stored }
        var ring = KeyRing(endpoint: configuration.name, owner: KeyRing.newOwner(), revision: 0, keys: [])
        if let found = try await foundKeyPair() {
            ring = ring.adding(found.signingKey, certificate: found.certificate, at: now, policy: policy)
                .recording(found.record)
        } else {
            let generated = try await generate(at: now)
            ring = ring.adding(generated.signingKey, certificate: generated.certificate, at: now, policy: policy)
        }
        let record = KeyRing.IssuerRecord(configuration, ring: ring)
        ring = ring.recording(record, location: nil, invalidated: nil) ?? ring
        do {
            let version = try await leader.store.save(ring, replacing: nil)
            logger.notice("key ring created", metadata: ["kid": "\(ring.keys[0].keyID)"])
            return Stored(ring, version: version)
        } catch .conflict {
            // Another replica has created it.
            guard let stored = try await leader.store.load(configuration.name) else { throw .conflict }
            return stored
        }
    }

    /// Imports or records the key pair of `issuer.keypair` where it has changed.
    ///
    /// - Returns: nil where no step is needed.
    private func importKeyPair(_ stored: Stored<KeyRing>, at now: Date) async throws(StoreError) -> Outcome? {
        guard configuration.keypair != nil || stored.value.keypair != nil else { return nil }
        let found = try await foundKeyPair()
        let ring: KeyRing
        switch stored.value.keyPairStep(name: configuration.keypair, found: found) {
        case .nothing, .later: return nil
        case .reject(let kid):
            throw .rejected("issuer.keypair contains the key \(kid), which was revoked; use another key")
        case .record(let record): ring = stored.value.recording(record)
        case .importKey:
            guard let found else { return nil }
            logger.notice(
                "signing key imported from issuer.keypair", metadata: ["kid": "\(found.signingKey.keyID)"])
            ring = stored.value.adding(found.signingKey, certificate: found.certificate, at: now, policy: policy)
                .recording(found.record)
        case .replace(let record):
            let generated = try await generate(at: now)
            logger.notice(
                "signing key created since issuer.keypair is missing", metadata: ["kid": "\(generated.keyID)"])
            ring = stored.value.adding(
                generated.signingKey, certificate: generated.certificate, at: now, policy: policy
            )
            .recording(record)
        }
        return try await leader.save(ring, replacing: stored)
    }

    private func foundKeyPair() async throws(StoreError) -> FoundKeyPair? {
        guard let name = configuration.keypair, let keyPairs, let material = try await keyPairs.read(name) else {
            return nil
        }
        return try FoundKeyPair(name: name, material, algorithm: configuration.endpoint.algorithm)
    }

    private func generate(at now: Date) async throws(StoreError) -> SigningKeyGenerator.Generated {
        try await generator.generate(
            policy.algorithm, rsaKeySize: policy.rsaKeySize, endpoint: configuration.name, at: now)
    }

    private func log(_ step: RotationStep) {
        switch step {
        case .markPublished(let kid, _):
            logger.notice("new signing key published", metadata: ["kid": "\(kid)"])
        case .markAbsent(let kid):
            logger.warning(
                "new signing key no longer published",
                metadata: ["code": "\(ErrorCode.documentsDiffer)", "kid": "\(kid)"])
        case .useStandby(let kid): logger.notice("standby signing key signs next", metadata: ["kid": "\(kid)"])
        case .activate(let kid): logger.notice("signing key activated", metadata: ["kid": "\(kid)"])
        case .remove(let kids):
            logger.notice("retired keys removed", metadata: ["kids": .array(kids.map { "\($0)" })])
        case .recordLifetime, .addKey, .wait: break
        }
    }
}

extension SigningKeyGenerator.Generated {
    var keyID: KeyID { signingKey.keyID }
}
