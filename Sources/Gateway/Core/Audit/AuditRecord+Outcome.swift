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
        /// The address has sent too many calls that were rejected.
        case limited(CallRefusal)
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
        let finding = Finding(outcome, endpoint: request.endpoint)
        self.init(
            request: request, time: time, decision: finding.decision, reason: finding.reason,
            code: finding.code,
            rule: finding.rule.map { index in
                Rule(index: index, rule: policy.rules.indices.contains(index) ? policy.rules[index] : nil)
            },
            auditDecision: finding.attributes.flatMap(policy.auditDecision), attributes: finding.attributes,
            token: finding.token, latency: latency)
    }

    /// The parts of an outcome.
    private struct Finding {
        let decision: Decision
        var reason: String?
        var attributes: WorkloadAttributes?
        var rule: Int?
        var token: Token?
        var code: ErrorCode?

        init(
            _ decision: Decision, _ attributes: WorkloadAttributes? = nil, reason: String? = nil,
            code: ErrorCode? = nil, rule: Int? = nil, token: Token? = nil
        ) {
            self.decision = decision
            self.attributes = attributes
            self.reason = reason
            self.code = code
            self.rule = rule
            self.token = token
        }

        init(_ outcome: Outcome, endpoint: String) {
            switch outcome {
            case .issued(let issued):
                self.init(.issued, issued.attributes, rule: issued.rule, token: Token(issued))
            case .allowed(let identity, let rule):
                self.init(.allowed, WorkloadAttributes(identity, endpoint: endpoint), rule: rule)
            case .refused(let error):
                self.init(error, error.identity.map { WorkloadAttributes($0, endpoint: endpoint) })
            case .malformed(let error): self.init(.invalidRequest, reason: error.description, code: .malformedRequest)
            case .limited(let refusal):
                self.init(.limited, reason: refusal.limit.rawValue, code: refusal.limit.code)
            case .failed(let reason): self.init(.failed, reason: reason, code: .callFailed)
            }
        }

        private init(_ error: TokenExchangeError, _ attributes: WorkloadAttributes?) {
            let code = error.code
            switch error {
            case .invalidSubjectToken(let rejection): self.init(.invalidToken, reason: rejection.rawValue, code: code)
            case .deniedByPolicy: self.init(.denied, attributes, reason: "no rule allows it", code: code)
            case .unissuable(let why, _): self.init(.unissuable, attributes, reason: why, code: code)
            case .invalidTarget: self.init(.invalidTarget, reason: "an audience that is not the endpoint's", code: code)
            case .reviewUnavailable(_, let why): self.init(.unavailable, reason: why, code: code)
            case .noSigningKey: self.init(.unavailable, reason: "no key may sign", code: code)
            case .signingOverloaded: self.init(.unavailable, reason: "too many signatures wait", code: code)
            case .tooManyCalls(let refusal, _):
                self.init(.limited, attributes, reason: refusal.limit.rawValue, code: code)
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
