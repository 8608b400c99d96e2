package import GatewayPluginAPI

/// Why no token was issued. The associated values are for the log and the audit only, not for the caller.
package enum TokenExchangeError: Error, Sendable, Equatable {
    /// The subject token is not valid.
    case invalidSubjectToken(SubjectTokenRejection)
    /// Authenticated, but no rule matched.
    case deniedByPolicy(WorkloadIdentity)
    /// The request has an `audience` or `resource` that the endpoint does not have (RFC 8693 §2.2.2).
    case invalidTarget
    /// The relying party would reject the token, for example because `sub` is too long.
    case unissuable(String, WorkloadIdentity)
    /// The review is temporarily not available; retry after that many seconds.
    case reviewUnavailable(retryAfter: Int, reason: String)
    /// No key of the endpoint may sign; retry after that many seconds.
    case noSigningKey(retryAfter: Int)
    /// Too many signatures wait; retry after that many seconds.
    case signingOverloaded(retryAfter: Int)
    /// Authenticated, but the ServiceAccount, or all together, exceed a limit of calls.
    case tooManyCalls(CallRefusal, WorkloadIdentity)

    /// The caller, where the fault is not the gateway's and the caller was authenticated.
    var identity: WorkloadIdentity? {
        switch self {
        case .deniedByPolicy(let identity), .unissuable(_, let identity), .tooManyCalls(_, let identity): identity
        case .invalidSubjectToken, .invalidTarget, .reviewUnavailable, .noSigningKey, .signingOverloaded: nil
        }
    }
}

/// Why a subject token is not valid. The texts are values of the audit (`docs/audit.md`).
package enum SubjectTokenRejection: String, Error, Sendable, Equatable, CaseIterable {
    case malformed = "not a signed JWT with a known algorithm"
    case expired = "expired"
    case notYetValid = "not valid yet"
    case foreignAudience = "its audience is not this endpoint's"
    case unauthenticated = "the reviewer does not vouch for it"
    case notServiceAccount = "its user is no ServiceAccount"
    case withoutPod = "bound to no Pod"
    case workloadGone = "its namespace or ServiceAccount is gone"
}
