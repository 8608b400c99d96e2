import FoundationEssentials
import JOSE
import JSON

/// How one subject token is to be reviewed, decided from what the token says of itself, so that garbage never reaches
/// the reviewer.
struct SubjectTokenPlan: Equatable {
    /// Seconds by which the clocks of the cluster and of the gateway may differ. The reviewer decides the rest.
    static let clockLeeway = 60.0

    /// `spec.audiences`; nil for the API server's own.
    let audiences: [String]?
    let podIsMandatory: Bool

    /// - Throws: `expired`, `notYetValid` or `foreignAudience`.
    init(
        _ token: SubjectToken, wire: TokenExchangeRequest.Wire, policy: EndpointConfiguration.SubjectTokenPolicy,
        now: Date
    ) throws(SubjectTokenRejection) {
        let seconds = now.timeIntervalSince1970
        // Every bound ServiceAccount token has an expiry; one without is of the kind that never ends.
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

    /// The user of a positive review whose audiences meet those asked for; a reviewer that tells no audience has not
    /// looked at them, and is not believed.
    func acceptedUser(_ review: TokenReview) throws(SubjectTokenRejection) -> UserInfo {
        switch review {
        case .unauthenticated(let refusal): throw refusal
        case .authenticated(let user):
            if let audiences, !user.audiences.contains(where: audiences.containsExactly) { throw .foreignAudience }
            return user
        }
    }
}
