package import FoundationEssentials
import JOSE

extension KeyRing {
    /// How old a reading of the issuer URL may be for a key to sign by it, in seconds.
    package static let readingLife = 30.0

    /// What to do next. A pure function: asked again after each step, by whoever has the ring, it goes on where the ring
    /// is.
    ///
    /// - Parameter evidence: the last reading of the issuer URL; nil where there was none yet.
    package func nextStep(at now: Date, policy: RotationPolicy, evidence: PublicEvidence?) -> RotationStep {
        let ended = keys.filter { key in policy.end(key).map { $0 <= now } ?? false }
        if !ended.isEmpty { return .remove(ended.map(\.keyID)) }
        if let active, active.maximumTokenLifetime < policy.timeToLive {
            return .recordLife(active.keyID, seconds: policy.timeToLive)
        }
        let step = successor.map { next(of: $0, at: now, policy, evidence) } ?? withoutSuccessor(at: now, policy)
        guard case .wait(let wait, let until) = step else { return step }
        let ends = keys.compactMap(policy.end)
        return .wait(wait, until: (ends + [until].compactMap(\.self)).min())
    }

    /// When the issuer URL is to be read again for the ring to go on; nil where nothing waits for that.
    package func readingWanted(_ policy: RotationPolicy) -> Date? {
        guard let successor, let published = successor.published, active != nil else { return nil }
        return published.addingTimeInterval(Double(policy.propagation))
    }

    private func withoutSuccessor(at now: Date, _ policy: RotationPolicy) -> RotationStep {
        let reason: RotationStep.Reason
        if let active {
            let due = policy.due(active)
            if active.signingKey.algorithm != policy.algorithm {
                reason = .algorithm
            } else if due <= now {
                reason = .age
            } else {
                return .wait(.age, until: due)
            }
        } else {
            reason = .revoked
        }
        return keys.count < RotationPolicy.maximumKeys ? .addKey(reason) : .wait(.room, until: nil)
    }

    private func next(
        of key: Key, at now: Date, _ policy: RotationPolicy, _ evidence: PublicEvidence?
    ) -> RotationStep {
        // A reading for an older ring says nothing of this one.
        let evidence = evidence.flatMap { $0.expected == Set(keys.map(\.keyID)) ? $0 : nil }
        let isSeen = evidence.map { $0.isSettled && $0.served.contains(key.keyID) } ?? false
        let isFresh = evidence.map { now.timeIntervalSince($0.read) <= Self.readingLife } ?? false
        // After a revocation nothing signs: as soon as the new key can be verified, it does.
        guard active != nil else {
            if isSeen, isFresh { return .activate(key.keyID) }
            return .wait(waitForSight(key, evidence), until: nil)
        }
        guard let published = key.published else {
            if isSeen, let evidence { return .markPublished(key.keyID, at: evidence.read) }
            return .wait(waitForSight(key, evidence), until: nil)
        }
        if let evidence, evidence.read > published, !evidence.served.contains(key.keyID) {
            return .markAbsent(key.keyID)
        }
        let end = published.addingTimeInterval(Double(policy.propagation))
        guard now >= end else { return .wait(.propagation(key.keyID, since: published), until: end) }
        guard isSeen, isFresh, let evidence, evidence.read >= end else {
            return .wait(.lastReading(key.keyID), until: nil)
        }
        return .activate(key.keyID)
    }

    private func waitForSight(_ key: Key, _ evidence: PublicEvidence?) -> RotationStep.Wait {
        let isPublished = evidence?.isSettled ?? false
        return isPublished
            ? .sight(key.keyID, since: key.created) : .publication(key.keyID, since: key.created)
    }
}
