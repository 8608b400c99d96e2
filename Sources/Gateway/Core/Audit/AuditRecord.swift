package import FoundationEssentials
package import JOSE

/// What the audit keeps of one decision: one record for every answer of an endpoint's token calls. It holds names,
/// identifiers and reasons; never a token, a part of one, or anything else that a request brought.
package struct AuditRecord: Sendable, Equatable {
    /// The calls that are audited, by the names that logs and metrics have for their routes.
    package enum Route: String, Sendable, CaseIterable {
        /// `POST <path>/token`.
        case token
        /// `<path>/token/user`.
        case tokenUser = "token-user"
        /// `<path>/sig-cert`, which issues nothing.
        case signingCertificate = "sig-cert"
    }

    package enum Decision: String, Sendable, CaseIterable {
        /// A rule allowed it, and a token was issued.
        case issued
        /// A rule allowed it, and no token was asked for.
        case allowed
        /// Somebody whom no rule allows.
        case denied
        /// A rule allowed it, but the relying party would refuse the token.
        case unissuable
        /// The subject token proves nobody.
        case invalidToken = "invalid-token"
        /// An audience or a resource that is not the endpoint's.
        case invalidTarget = "invalid-target"
        /// The request was not understood.
        case invalidRequest = "invalid-request"
        /// The reviewer does not answer, or no key may sign.
        case unavailable
        /// A fault of the gateway, or the caller went away.
        case failed
    }

    /// Facts of the request, whatever comes of it.
    package struct Request: Sendable, Equatable {
        /// The `request_id` of its log record.
        package let id: String
        package let endpoint: String
        package let route: Route
        /// The peer's address; nil where it is not known.
        package let remoteAddress: String?
        /// Whether only `acceptApiServerAudience` lets its subject token in.
        package var usesAPIServerAudience = false

        package init(id: String, endpoint: String, route: Route, remoteAddress: String?) {
            self.id = id
            self.endpoint = endpoint
            self.route = route
            self.remoteAddress = remoteAddress
        }
    }

    /// The rule that allowed it.
    package struct Rule: Sendable, Equatable {
        /// From 0, in the order of the endpoint's `azRules`.
        package let index: Int
        /// nil where the policy has no such rule.
        package let rule: AccessRule?
    }

    /// Claims of the issued token by which it can be found again.
    package struct Token: Sendable, Equatable {
        package let audiences: [String]
        package let subject: String
        package let keyID: KeyID
        package let tokenID: TokenID
        package let expiration: Date
    }

    package let request: Request
    /// When it was answered.
    package let time: Date
    package let decision: Decision
    /// Why there is no token; nil where the caller got what it asked for.
    package let reason: String?
    package let rule: Rule?
    /// Who asked; nil where nobody was proved.
    package let attributes: WorkloadAttributes?
    package let token: Token?
    /// From the request's arrival to its answer.
    package let latency: Duration
}
