public import FoundationEssentials
public import JOSE

/// What the audit keeps of one decision: one record for every answer of an endpoint's token calls. It holds names,
/// identifiers and reasons; never a token, a part of one, or anything else that a request brought.
public struct AuditRecord: Sendable, Equatable {
    /// The calls that are audited, by the names that logs and metrics have for their routes.
    public enum Route: String, Sendable, CaseIterable {
        /// `POST <path>/token`.
        case token
        /// `<path>/token/user`.
        case tokenUser = "token-user"
        /// `<path>/sig-cert`, which issues nothing.
        case signingCertificate = "sig-cert"
    }

    public enum Decision: String, Sendable, CaseIterable {
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
    public struct Request: Sendable, Equatable {
        /// The `request_id` of its log record.
        public let id: String
        public let endpoint: String
        public let route: Route
        /// The peer's address; nil where it is not known.
        public let remoteAddress: String?
        /// Whether only `acceptApiServerAudience` lets its subject token in.
        public var usesAPIServerAudience = false

        public init(id: String, endpoint: String, route: Route, remoteAddress: String?) {
            self.id = id
            self.endpoint = endpoint
            self.route = route
            self.remoteAddress = remoteAddress
        }
    }

    /// The rule that allowed it.
    public struct Rule: Sendable, Equatable {
        /// From 0, in the order of the endpoint's `azRules`.
        public let index: Int
        /// nil where the policy has no such rule.
        public let rule: AccessRule?
    }

    /// Claims of the issued token by which it can be found again.
    public struct Token: Sendable, Equatable {
        public let audiences: [String]
        public let subject: String
        public let keyID: KeyID
        public let tokenID: TokenID
        public let expiration: Date
    }

    public let request: Request
    /// When it was answered.
    public let time: Date
    public let decision: Decision
    /// Why there is no token; nil where the caller got what it asked for.
    public let reason: String?
    public let rule: Rule?
    /// Who asked; nil where nobody was proved.
    public let attributes: WorkloadAttributes?
    public let token: Token?
    /// From the request's arrival to its answer.
    public let latency: Duration
}
