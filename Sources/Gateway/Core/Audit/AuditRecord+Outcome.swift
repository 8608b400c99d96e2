package import FoundationEssentials
package import GatewayPluginAPI
import JOSE

extension AuditRecord {
    /// The result of a request.
    package enum Outcome: Sendable {
        case issued(IssuedToken)
        /// Authorized without a token; the rule is an index.
        case allowed(WorkloadIdentity, rule: Int)
        case refused(TokenExchangeError)
        /// The request is malformed; the caller was not authenticated.
        case malformed(OAuthError)
        /// A fault of the gateway.
        ///
        /// - Parameter reason: the kind of fault, without content of the request.
        case failed(reason: String)
    }

    /// Creates the record of a result.
    ///
    /// - Parameters:
    ///   - policy: the endpoint's policy, which has the rule.
    ///   - time: when the response was sent.
    ///   - latency: from the request's arrival to its response.
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

    /// The parts of an outcome.
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
            case .invalidSubjectToken(let rejection): self.init(.invalidToken, reason: rejection.rawValue)
            case .deniedByPolicy(let identity): self.init(.denied, identity, reason: "no rule allows it")
            case .unissuable(let why, let identity): self.init(.unissuable, identity, reason: why)
            case .invalidTarget: self.init(.invalidTarget, reason: "an audience that is not the endpoint's")
            case .reviewUnavailable(_, let why): self.init(.unavailable, reason: why)
            case .noSigningKey: self.init(.unavailable, reason: "no key may sign")
            case .signingOverloaded: self.init(.unavailable, reason: "too many signatures wait")
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
    /// Whether the token can only be accepted because of `acceptApiServerAudience`: it has none of the endpoint's subject
    /// token audiences.
    package func usesAPIServerAudience(_ policy: EndpointConfiguration.SubjectTokenPolicy) -> Bool {
        wire == .bearer && policy.acceptAPIServerAudience
            && !subjectToken.claims.audiences.contains(where: policy.audiences.contains)
    }
}
