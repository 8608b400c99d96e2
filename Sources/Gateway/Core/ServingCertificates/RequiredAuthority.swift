package import FoundationEssentials

/// The CA that every sidecar must have from its injection, to start again after a restart of its node: what a sidecar has
/// learned since is in memory.
package struct RequiredAuthority: Sendable, Equatable {
    package let id: String
    package let certificatePEM: String
    /// When the CA issues; nil where it does.
    package let begin: Date?

    package init(id: String, certificatePEM: String, begin: Date?) {
        self.id = id
        self.certificatePEM = certificatePEM
        self.begin = begin
    }

    /// Whether a CA bundle has the CA's certificate.
    package func isTrusted(by bundle: String) -> Bool {
        let content = certificatePEM.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }.joined()
        return !content.isEmpty && bundle.filter { !$0.isNewline }.contains(content)
    }
}

extension ServingIdentity {
    /// The announced CA, unless it replaces another one because of its age and issues much later; else the issuing one.
    package func requiredAuthority(at now: Date, policy: ServingPolicy) -> RequiredAuthority? {
        guard let issuing else { return nil }
        if let next {
            let begin = begin(of: next, after: issuing, policy)
            if next.reason != .age || begin.timeIntervalSince(now) <= Double(policy.activationDeadline) {
                return RequiredAuthority(id: next.id, certificatePEM: next.certificatePEM, begin: begin)
            }
        }
        return RequiredAuthority(id: issuing.id, certificatePEM: issuing.certificatePEM, begin: nil)
    }

    /// The earliest time at which the announced CA issues.
    func begin(of next: Authority, after issuing: Authority, _ policy: ServingPolicy) -> Date {
        let announced = next.created.addingTimeInterval(
            Double(policy.announcement(next.reason, maximumTokenLifetime: maximumTokenLifetime)))
        // A CA that was announced late issues at the deadline, but not before running sidecars have it.
        let least = next.created.addingTimeInterval(
            Double(policy.overlap(next.reason, maximumTokenLifetime: maximumTokenLifetime)))
        let overlap = min(announced, max(least, policy.activationDeadline(of: issuing)))
        return min(overlap, issuing.notAfter)
    }
}
