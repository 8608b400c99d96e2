import FoundationEssentials
import JOSE
import JSON

/// How a subject token is reviewed, by its unverified claims: malformed and expired tokens are rejected before the
/// TokenReview call.
struct SubjectTokenPlan: Equatable {
    /// How far the clocks of the cluster and of the gateway may differ, in seconds. The reviewer checks the exact times.
    static let clockLeeway = 60.0

    /// `spec.audiences`; nil for the API server's own.
    let audiences: [String]?
    let podIsMandatory: Bool

    /// Checks the unverified claims.
    ///
    /// - Throws: `expired`, `notYetValid` or `foreignAudience`.
    init(
        _ token: SubjectToken, wire: TokenExchangeRequest.Wire, policy: EndpointConfiguration.SubjectTokenPolicy,
        now: Date
    ) throws(SubjectTokenRejection) {
        let seconds = now.timeIntervalSince1970
        // Every bound ServiceAccount token has `exp`; only legacy tokens of Secrets have none.
        guard let expiration = token.claims.expiration, seconds < expiration + Self.clockLeeway else { throw .expired }
        if let notBefore = token.claims.notBefore, seconds < notBefore - Self.clockLeeway { throw .notYetValid }

        if token.claims.audiences.contains(where: policy.audiences.containsExactly) {
            audiences = policy.audiences
            podIsMandatory = policy.requirePod
        } else if policy.acceptAPIServerAudience && wire == .bearer {
            audiences = nil
            podIsMandatory = true
        } else {
            throw .foreignAudience
        }
    }

    /// The user of an authenticated review with a matching audience. A review without audiences is rejected, since the
    /// reviewer has not checked them.
    func acceptedUser(_ review: TokenReview) throws(SubjectTokenRejection) -> UserInfo {
        switch review {
        case .unauthenticated(let rejection): throw rejection
        case .authenticated(let user):
            if let audiences, !user.audiences.contains(where: audiences.containsExactly) { throw .foreignAudience }
            return user
        }
    }
}
