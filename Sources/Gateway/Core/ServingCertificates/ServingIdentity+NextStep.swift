package import FoundationEssentials

extension ServingIdentity {
    /// The next step. A pure function of the identity: called again after each step, it continues from the identity's
    /// state.
    package func nextStep(at now: Date, policy: ServingPolicy, evidence: ServingEvidence) -> ServingStep {
        if maximumTokenLifetime < policy.timeToLive { return .recordLifetime(seconds: policy.timeToLive) }
        let ended = authorities.filter { $0.trustedUntil.map { $0 <= now } ?? false }
        if !ended.isEmpty { return .remove(ended.map(\.id)) }
        guard let issuing else { return .announce(.first) }
        if let reason = reasonToAnnounce(issuing, at: now, policy, evidence) { return .announce(reason) }
        if let reason = reasonToRenew(issuing, at: now, policy) {
            return .renewCertificate(reason, names(of: issuing, policy))
        }
        let found =
            next.map { step(of: $0, after: issuing, at: now, policy, evidence) }
            ?? .wait(.age, until: policy.due(issuing))
        guard case .wait(let wait, let until) = found else { return found }
        var times = authorities.compactMap(\.trustedUntil) + [until].compactMap(\.self)
        if canRenew(issuing, at: max(now, policy.due(certificate)), policy) { times.append(policy.due(certificate)) }
        return .wait(wait, until: times.min())
    }

    private func reasonToAnnounce(
        _ issuing: Authority, at now: Date, _ policy: ServingPolicy, _ evidence: ServingEvidence
    ) -> Reason? {
        // Shortly before the end the announced CA issues in any case; another one is announced later.
        if next != nil, now >= policy.activationDeadline(of: issuing) { return nil }
        if let request = evidence.request, request != answered { return .requested }
        // The announced CA must permit all names; where it does, no other one is announced.
        let newest = next ?? issuing
        if policy.names.permitted(by: newest.constraint) != policy.names { return .names }
        return next == nil && policy.due(issuing) <= now ? .age : nil
    }

    private func reasonToRenew(
        _ issuing: Authority, at now: Date, _ policy: ServingPolicy
    ) -> ServingStep.RenewalReason? {
        if certificate.names != names(of: issuing, policy) { return .names }
        return policy.due(certificate) <= now && canRenew(issuing, at: now, policy) ? .age : nil
    }

    /// Whether another certificate of this CA would expire later than the current one.
    private func canRenew(_ issuing: Authority, at now: Date, _ policy: ServingPolicy) -> Bool {
        policy.certificateEnd(at: now, of: issuing) > certificate.notAfter
    }

    /// The names of this CA's next certificate; the current names where the CA permits none of the wanted names.
    private func names(of authority: Authority, _ policy: ServingPolicy) -> CertificateNames {
        let names = policy.names.permitted(by: authority.constraint)
        return names.dns.isEmpty ? certificate.names : names
    }

    private func step(
        of next: Authority, after issuing: Authority, at now: Date, _ policy: ServingPolicy,
        _ evidence: ServingEvidence
    ) -> ServingStep {
        let activate = ServingStep.activate(next.id, policy.names.permitted(by: next.constraint))
        // The certificate of the former CA is expired.
        if issuing.notAfter <= now { return activate }
        let activationDeadline = policy.activationDeadline(of: issuing)
        let begin = begin(of: next, after: issuing, policy)
        guard now >= begin else { return .wait(.overlap(next.id), until: begin) }
        if now >= activationDeadline { return activate }
        switch evidence.webhooks {
        case .notManaged: return activate
        case .unknown: return .wait(.webhooks(next.id), until: activationDeadline)
        case .trust(let since):
            guard let seen = since[next.id] else { return .wait(.webhooks(next.id), until: activationDeadline) }
            let settled = seen.addingTimeInterval(Double(policy.propagation))
            return now >= settled ? activate : .wait(.webhooks(next.id), until: min(settled, activationDeadline))
        }
    }
}
