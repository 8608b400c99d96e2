public import FoundationEssentials
public import GatewayCore
import JOSE

/// Verifies ServiceAccount tokens by the cluster's published keys, without asking the API server.
public struct OfflineTokenReviewer: TokenReviewing {
    let keys: KeySetCache
    let issuer: String

    public init(keys: KeySetCache, issuer: String) {
        self.keys = keys
        self.issuer = issuer
    }

    public func review(
        _ token: SubjectToken, audiences: [String]?, at now: Date
    ) async throws(TokenReviewFailure) -> TokenReview {
        let keys = try await keys.keys(for: token.jwt.header.keyID, at: now)
        return OfflineReview(keys: keys, issuer: issuer).review(token, audiences: audiences, at: now)
    }
}
