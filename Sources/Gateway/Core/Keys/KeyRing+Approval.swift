package import FoundationEssentials
package import JOSE

/// Whether the next key of a ring may sign, for an operator who activates it.
package enum ActivationGate: Sendable, Equatable {
    /// No key is prepared. A standby key does not count: it waits for a revocation or the next rotation.
    case noSuccessor
    /// The key may not sign yet.
    ///
    /// - Parameter until: the earliest time at which it may; nil where that depends on the leader's next steps.
    case closed(KeyID, RotationStep, until: Date?)
    /// The key may sign.
    case open(KeyID)
}

extension KeyRing {
    /// Whether the next key may sign. The same conditions as without an operator: ``nextStep(at:policy:evidence:)``.
    package func activationGate(at now: Date, policy: RotationPolicy, evidence: PublicEvidence?) -> ActivationGate {
        guard let successor, !successor.isStandby else { return .noSuccessor }
        var policy = policy
        policy.isManual = false
        let step = nextStep(at: now, policy: policy, evidence: evidence)
        let isMissing = evidence.map { $0.read <= now && !$0.served.contains(successor.keyID) } ?? true
        switch step {
        case .activate(let keyID): return .open(keyID)
        // It begins with a later reading.
        case .wait(.publication, _), .wait(.visibility, _), .markAbsent, .markPublished:
            return .closed(successor.keyID, step, until: now.addingTimeInterval(Double(policy.propagation)))
        case .wait(.propagation(_, let since), _):
            let start = isMissing && evidence != nil ? now : since
            return .closed(successor.keyID, step, until: start.addingTimeInterval(Double(policy.propagation)))
        default: return .closed(successor.keyID, step, until: nil)
        }
    }

    /// Records an operator's approval of the next key.
    ///
    /// - Returns: nil where the key may not sign yet.
    package func approving(at now: Date, policy: RotationPolicy, evidence: PublicEvidence?) -> KeyRing? {
        guard case .open(let keyID) = activationGate(at: now, policy: policy, evidence: evidence) else { return nil }
        return approving(keyID)
    }
}
