package import FoundationEssentials
package import GatewayCore
import JOSE

/// Validates ServiceAccount tokens locally with the cluster's published keys, without calls to the API server.
package struct LocalTokenReviewer: TokenReviewing {
    let keys: KeySetCache
    let issuer: String
    let observe: TokenReviewObserver

    package init(keys: KeySetCache, issuer: String, observe: @escaping TokenReviewObserver) {
        self.keys = keys
        self.issuer = issuer
        self.observe = observe
    }

    package func review(
        _ token: SubjectToken, audiences: [String]?, at now: Date
    ) async throws(TokenReviewFailure) -> TokenReview {
        let keySet: JSONWebKeySet
        do throws(TokenReviewFailure) {
            keySet = try await keys.keys(for: token.jwt.header.keyID, at: now)
        } catch {
            observe(.failed)
            throw error
        }
        let review = LocalTokenValidation(keys: keySet, issuer: issuer).review(token, audiences: audiences, at: now)
        if case .authenticated = review { observe(.authenticated) } else { observe(.unauthenticated) }
        return review
    }
}
