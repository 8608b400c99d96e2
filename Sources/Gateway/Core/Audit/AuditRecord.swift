package import FoundationEssentials
package import JOSE

/// The audit record of a decision: one for every response of an endpoint's token routes. It contains names, identifiers and
/// reasons; never a token, a part of one, or other content of a request.
package struct AuditRecord: Sendable, Equatable {
    /// The audited routes, by their names in logs and metrics.
    package enum CallRoute: String, Sendable, CaseIterable {
        /// `POST <path>/token`.
        case token
        /// `<path>/token/user`.
        case tokenUser = "token-user"
        /// `<path>/sig-cert`, which issues nothing.
        case signingCertificate = "sig-cert"
    }

    /// The decision.
    package enum Decision: String, Sendable, CaseIterable {
        /// A rule matched, and a token was issued.
        case issued
        /// A rule matched, and no token was requested.
        case allowed
        /// Authenticated, but no rule matched.
        case denied
        /// A rule matched, but the relying party would reject the token.
        case unissuable
        /// The subject token is not valid.
        case invalidToken = "invalid-token"
        /// The endpoint does not have the audience or resource.
        case invalidTarget = "invalid-target"
        /// The request is malformed.
        case invalidRequest = "invalid-request"
        /// The reviewer does not respond, or no key may sign.
        case unavailable
        /// A limit of calls is exceeded.
        case limited
        /// A fault of the gateway, or the caller disconnected.
        case failed
    }

    /// The properties of the request that are independent of its result.
    package struct Request: Sendable, Equatable {
        /// The `request_id` of the log record.
        package let id: String
        package let endpoint: String
        package let route: CallRoute
        /// The peer's address; nil where it is not known.
        package let remoteAddress: String?
        /// Whether the subject token is accepted only because of `acceptApiServerAudience`.
        package var usesAPIServerAudience = false

        package init(id: String, endpoint: String, route: CallRoute, remoteAddress: String?) {
            self.id = id
            self.endpoint = endpoint
            self.route = route
            self.remoteAddress = remoteAddress
        }
    }

    /// The rule that matched.
    package struct Rule: Sendable, Equatable {
        /// From 0, in the order of the endpoint's `azRules`.
        package let index: Int
        /// nil where the policy has no such rule.
        package let rule: AccessRule?
    }

    /// The claims that identify the issued token.
    package struct Token: Sendable, Equatable {
        package let audiences: [String]
        package let subject: String
        package let keyID: KeyID
        /// nil where the endpoint's tokens have no `jti`.
        package let tokenID: TokenID?
        package let expiration: Date
    }

    package let request: Request
    /// When the response was sent.
    package let time: Date
    package let decision: Decision
    /// Why the request was not successful; nil where it was.
    package let reason: String?
    /// The code of the reason.
    package let code: ErrorCode?
    package let rule: Rule?
    /// What the rules in audit mode alone would decide; nil without such rules, or where the request was not
    /// authenticated.
    package let auditDecision: AccessDecision?
    /// The workload; nil where the request was not authenticated.
    package let attributes: WorkloadAttributes?
    package let token: Token?
    /// From the request's arrival to its response.
    package let latency: Duration

    /// Whether the caller was authenticated.
    package var isAuthenticated: Bool { attributes != nil }
}
