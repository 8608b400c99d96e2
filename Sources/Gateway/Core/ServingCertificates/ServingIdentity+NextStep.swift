package import FoundationEssentials

extension ServingIdentity {
    /// What to do next. A pure function: asked again after each step, by whoever has the identity, it goes on where the
    /// identity is.
    package func nextStep(at now: Date, policy: ServingPolicy, evidence: ServingEvidence) -> ServingStep {
        if maximumTokenLifetime < policy.timeToLive { return .recordLife(seconds: policy.timeToLive) }
        let ended = authorities.filter { $0.trustedUntil.map { $0 <= now } ?? false }
        if !ended.isEmpty { return .remove(ended.map(\.id)) }
        guard let issuing else { return .announce(.first) }
        if let reason = reasonToAnnounce(issuing, at: now, policy, evidence) { return .announce(reason) }
        if let reason = reasonToRenew(issuing, at: now, policy) {
            return .renewLeaf(reason, names(of: issuing, policy))
        }
        let found =
            next.map { step(of: $0, after: issuing, at: now, policy, evidence) }
            ?? .wait(.age, until: policy.due(issuing))
        guard case .wait(let wait, let until) = found else { return found }
        var times = authorities.compactMap(\.trustedUntil) + [until].compactMap(\.self)
        if canRenew(issuing, at: max(now, policy.due(leaf)), policy) { times.append(policy.due(leaf)) }
        return .wait(wait, until: times.min())
    }

    private func reasonToAnnounce(
        _ issuing: Authority, at now: Date, _ policy: ServingPolicy, _ evidence: ServingEvidence
    ) -> Reason? {
        // Shortly before the end nothing keeps the announced one from issuing; what it lacks is the next one's.
        if next != nil, now >= policy.lastCall(of: issuing) { return nil }
        if let request = evidence.request, request != answered { return .asked }
        // The announced one must be good for all names; where it is, it need not be announced anew.
        let newest = next ?? issuing
        if policy.names.permitted(by: newest.constraint) != policy.names { return .names }
        return next == nil && policy.due(issuing) <= now ? .age : nil
    }

    private func reasonToRenew(
        _ issuing: Authority, at now: Date, _ policy: ServingPolicy
    ) -> ServingStep.LeafReason? {
        if leaf.names != names(of: issuing, policy) { return .names }
        return policy.due(leaf) <= now && canRenew(issuing, at: now, policy) ? .age : nil
    }

    /// Whether another leaf of this authority would live longer than the one there is.
    private func canRenew(_ issuing: Authority, at now: Date, _ policy: ServingPolicy) -> Bool {
        policy.leafEnd(at: now, of: issuing) > leaf.notAfter
    }

    /// What a leaf of this authority is for; what the leaf is for already where it may sign for no wanted name.
    private func names(of authority: Authority, _ policy: ServingPolicy) -> CertificateNames {
        let names = policy.names.permitted(by: authority.constraint)
        return names.dns.isEmpty ? leaf.names : names
    }

    private func step(
        of next: Authority, after issuing: Authority, at now: Date, _ policy: ServingPolicy,
        _ evidence: ServingEvidence
    ) -> ServingStep {
        let activate = ServingStep.activate(next.id, policy.names.permitted(by: next.constraint))
        // What the old one signed is good for nothing any more.
        if issuing.notAfter <= now { return activate }
        let overlap = next.created.addingTimeInterval(
            Double(policy.overlap(next.reason, maximumTokenLifetime: maximumTokenLifetime)))
        guard now >= overlap else { return .wait(.overlap(next.id), until: min(overlap, issuing.notAfter)) }
        let lastCall = policy.lastCall(of: issuing)
        if now >= lastCall { return activate }
        switch evidence.webhooks {
        case .nobody: return activate
        case .unknown: return .wait(.webhooks(next.id), until: lastCall)
        case .trust(let since):
            guard let seen = since[next.id] else { return .wait(.webhooks(next.id), until: lastCall) }
            let settled = seen.addingTimeInterval(Double(policy.settling))
            return now >= settled ? activate : .wait(.webhooks(next.id), until: min(settled, lastCall))
        }
    }
}
