package import GatewayPluginAPI

/// Why no token was issued. What each case carries is for the log and the audit; the caller learns the case at most.
package enum TokenExchangeError: Error, Sendable, Equatable {
    /// The subject token proves nobody.
    case invalidSubjectToken(SubjectTokenRejection)
    /// A ServiceAccount that no rule of the endpoint allows.
    case deniedByPolicy(WorkloadIdentity)
    /// The request names an `audience` or `resource` that is none of the endpoint's (RFC 8693 §2.2.2).
    case invalidTarget
    /// The token would be one that the relying party refuses, such as a `sub` that is too long.
    case unissuable(String, WorkloadIdentity)
    /// The reviewer cannot answer now; seconds after which to try again.
    case reviewUnavailable(retryAfter: Int, reason: String)
    /// No key of the endpoint may sign now; seconds after which to try again.
    case noSigningKey(retryAfter: Int)
}

/// Why a subject token proves nobody.
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
