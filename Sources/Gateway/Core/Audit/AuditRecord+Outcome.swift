package import FoundationEssentials
package import GatewayPluginAPI
import JOSE

extension AuditRecord {
    /// What came of a request.
    package enum Outcome: Sendable {
        case issued(IssuedToken)
        /// Authorized without a token; the rule is an index.
        case allowed(WorkloadIdentity, rule: Int)
        case refused(TokenExchangeError)
        /// Not understood, so that nothing was decided about the caller.
        case malformed(OAuthError)
        /// - Parameter reason: the kind of fault; nothing that came with the request.
        case failed(reason: String)
    }

    /// - Parameters:
    ///   - policy: the endpoint's, by which a rule's index becomes a rule.
    ///   - time: when it was answered.
    ///   - latency: from the request's arrival to its answer.
    package init(_ outcome: Outcome, of request: Request, policy: AccessPolicy, at time: Date, latency: Duration) {
        let finding = Finding(outcome)
        self.init(
            request: request, time: time, decision: finding.decision, reason: finding.reason,
            rule: finding.rule.map { index in
                Rule(index: index, rule: policy.rules.indices.contains(index) ? policy.rules[index] : nil)
            },
            attributes: finding.identity.map { WorkloadAttributes($0, endpoint: request.endpoint) },
            token: finding.token, latency: latency)
    }

    /// An outcome, taken apart.
    private struct Finding {
        let decision: Decision
        var reason: String?
        var identity: WorkloadIdentity?
        var rule: Int?
        var token: Token?

        init(
            _ decision: Decision, _ identity: WorkloadIdentity? = nil, reason: String? = nil, rule: Int? = nil,
            token: Token? = nil
        ) {
            self.decision = decision
            self.identity = identity
            self.reason = reason
            self.rule = rule
            self.token = token
        }

        init(_ outcome: Outcome) {
            switch outcome {
            case .issued(let issued):
                self.init(.issued, issued.identity, rule: issued.rule, token: Token(issued))
            case .allowed(let identity, let rule): self.init(.allowed, identity, rule: rule)
            case .refused(let error): self.init(error)
            case .malformed(let error): self.init(.invalidRequest, reason: error.description)
            case .failed(let reason): self.init(.failed, reason: reason)
            }
        }

        private init(_ error: TokenExchangeError) {
            switch error {
            case .invalidSubjectToken(let refusal): self.init(.invalidToken, reason: refusal.rawValue)
            case .deniedByPolicy(let identity): self.init(.denied, identity, reason: "no rule allows it")
            case .unissuable(let why, let identity): self.init(.unissuable, identity, reason: why)
            case .invalidTarget: self.init(.invalidTarget, reason: "an audience that is not the endpoint's")
            case .reviewUnavailable(_, let why): self.init(.unavailable, reason: why)
            case .noSigningKey: self.init(.unavailable, reason: "no key may sign")
            }
        }
    }
}

extension AuditRecord.Token {
    fileprivate init(_ issued: IssuedToken) {
        self.init(
            audiences: issued.audiences, subject: issued.subject, keyID: issued.keyID, tokenID: issued.tokenID,
            expiration: issued.expiration)
    }
}

extension TokenExchangeRequest {
    /// Whether only `acceptApiServerAudience` can let this request's token in: it is meant for none of the audiences
    /// that the endpoint takes, but perhaps for the API server's own.
    package func usesAPIServerAudience(_ policy: EndpointConfiguration.SubjectTokenPolicy) -> Bool {
        wire == .bearer && policy.acceptAPIServerAudience
            && !subjectToken.claims.audiences.contains(where: policy.audiences.contains)
    }
}
