package import FoundationEssentials
import JOSE

extension KeyRing {
    /// The maximum age of a reading of the issuer URL that activates a key, in seconds.
    package static let readingLifetime = 30.0

    /// The next step. A pure function of the ring: called again after each step, it continues from the ring's state.
    ///
    /// - Parameter evidence: the last reading of the issuer URL; nil before the first one.
    package func nextStep(at now: Date, policy: RotationPolicy, evidence: PublicEvidence?) -> RotationStep {
        let ended = keys.filter { key in policy.end(key).map { $0 <= now } ?? false }
        if !ended.isEmpty { return .remove(ended.map(\.keyID)) }
        if let active, active.maximumTokenLifetime < policy.timeToLive {
            return .recordLifetime(active.keyID, seconds: policy.timeToLive)
        }
        let step = successor.map { next(of: $0, at: now, policy, evidence) } ?? withoutSuccessor(at: now, policy)
        guard case .wait(let wait, let until) = step else { return step }
        let ends = keys.compactMap(policy.end)
        return .wait(wait, until: (ends + [until].compactMap(\.self)).min())
    }

    /// When the issuer URL must be read again so that the rotation can continue; nil where no key waits for it.
    package func readingDue(_ policy: RotationPolicy) -> Date? {
        guard let successor, let published = successor.published, active != nil, !successor.isStandby else {
            return nil
        }
        return published.addingTimeInterval(Double(policy.propagation))
    }

    private func withoutSuccessor(at now: Date, _ policy: RotationPolicy) -> RotationStep {
        let reason: RotationStep.Reason
        if let active {
            if let due = dueReason(active, at: now, policy) {
                reason = due
            } else if policy.hasStandby {
                reason = .standby
            } else {
                return .wait(.age, until: policy.due(active))
            }
        } else {
            reason = .revoked
        }
        return keys.count < RotationPolicy.maximumKeys ? .addKey(reason) : .wait(.capacity, until: nil)
    }

    /// Why the active key must be replaced; nil where it must not.
    private func dueReason(_ active: Key, at now: Date, _ policy: RotationPolicy) -> RotationStep.Reason? {
        if active.signingKey.algorithm != policy.algorithm { return .algorithm }
        return policy.due(active) <= now ? .age : nil
    }

    private func next(
        of key: Key, at now: Date, _ policy: RotationPolicy, _ evidence: PublicEvidence?
    ) -> RotationStep {
        // A reading that was made for an older ring, or before the clock was set back, is not valid for this one.
        let evidence = evidence.flatMap {
            $0.expected == Set(keys.map(\.keyID)) && $0.read <= now.addingTimeInterval(1) ? $0 : nil
        }
        let isServed = evidence.map { $0.isSettled && $0.served.contains(key.keyID) } ?? false
        let isFresh = evidence.map { now.timeIntervalSince($0.read) <= Self.readingLifetime } ?? false
        if key.isStandby {
            // It was created for another algorithm: it is replaced.
            if key.signingKey.algorithm != policy.algorithm { return .addKey(.algorithm) }
            guard let active, dueReason(active, at: now, policy) == nil, policy.hasStandby else {
                return .useStandby(key.keyID)
            }
        }
        // After a revocation no key signs: the new key signs as soon as verifiers can read it, whoever published it.
        guard active != nil else {
            let isVerifiable = evidence.map { $0.isDescribed && $0.served.contains(key.keyID) } ?? false
            if isVerifiable, isFresh { return .activate(key.keyID) }
            return .wait(waitForVisibility(key, evidence), until: nil)
        }
        guard let published = key.published else {
            if isServed, let evidence { return .markPublished(key.keyID, at: evidence.read) }
            return .wait(waitForVisibility(key, evidence), until: nil)
        }
        if let evidence, evidence.read > published, !evidence.served.contains(key.keyID) {
            return .markAbsent(key.keyID)
        }
        if key.isStandby { return .wait(.age, until: active.map(policy.due)) }
        let end = published.addingTimeInterval(Double(policy.propagation))
        guard now >= end else { return .wait(.propagation(key.keyID, since: published), until: end) }
        guard !policy.isManual || key.isApproved else { return .wait(.approval(key.keyID, since: end), until: nil) }
        guard isServed, isFresh, let evidence, evidence.read >= end else {
            return .wait(.finalReading(key.keyID), until: nil)
        }
        return .activate(key.keyID)
    }

    private func waitForVisibility(_ key: Key, _ evidence: PublicEvidence?) -> RotationStep.Wait {
        let isPublished = evidence?.isSettled ?? false
        return isPublished
            ? .visibility(key.keyID, since: key.created) : .publication(key.keyID, since: key.created)
    }
}
