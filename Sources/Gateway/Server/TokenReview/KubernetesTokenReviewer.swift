public import FoundationEssentials
public import GatewayCore
import HTTPTypes

/// Asks the API server: `TokenReview` of authentication.k8s.io/v1, one call for each review.
public struct KubernetesTokenReviewer: TokenReviewing {
    let client: KubernetesClient
    /// Seconds.
    let timeout: Double
    let observe: TokenReviewObserver

    /// Seconds that a caller may be told to wait.
    private static let retryRange = 1...60

    public func review(
        _ token: SubjectToken, audiences: [String]?, at now: Date
    ) async throws(TokenReviewFailure) -> TokenReview {
        do {
            let review = try await ask(token, audiences, now)
            if case .authenticated = review { observe(.authenticated) } else { observe(.unauthenticated) }
            return review
        } catch {
            observe(.failed)
            throw error
        }
    }

    private func ask(
        _ token: SubjectToken, _ audiences: [String]?, _ now: Date
    ) async throws(TokenReviewFailure) -> TokenReview {
        let request = KubernetesRequest(
            .post, TokenReviewMessage.path,
            body: TokenReviewMessage.request(token: token.compact, audiences: audiences), isRepeatable: true)
        let reply: KubernetesReply
        do {
            reply = try await client.send(request, at: now, timeout: timeout)
        } catch .cancelled {
            throw TokenReviewFailure(retryAfter: 1, reason: KubernetesRequestError.cancelled.description)
        } catch {
            throw TokenReviewFailure(retryAfter: 5, reason: error.description)
        }
        guard reply.status == 200 || reply.status == 201 else { throw Self.failure(reply) }
        guard let review = TokenReviewMessage.review(in: reply.body) else {
            throw TokenReviewFailure(retryAfter: 5, reason: "the API server's answer is no TokenReview with a status")
        }
        return review
    }

    /// The API server's own words may quote what was sent, so its status alone is told.
    private static func failure(_ reply: KubernetesReply) -> TokenReviewFailure {
        func failure(_ retryAfter: Int, _ reason: String) -> TokenReviewFailure {
            let seconds = reply.retryAfter ?? retryAfter
            return TokenReviewFailure(
                retryAfter: min(max(seconds, retryRange.lowerBound), retryRange.upperBound), reason: reason)
        }
        switch reply.status {
        case 401:
            return failure(
                10,
                "the API server does not know the gateway (401); check the gateway's own token or client certificate")
        case 403:
            return failure(
                30,
                "the gateway may not create tokenreviews.authentication.k8s.io (403); bind the ClusterRole "
                    + "system:auth-delegator to its ServiceAccount")
        case 404:
            return failure(30, "the server has no authentication.k8s.io/v1 TokenReview (404); check its address")
        case 429: return failure(1, "the API server asks to come back later (429)")
        case 500...599: return failure(5, "the API server fails (\(reply.status))")
        default: return failure(30, "the API server answered a TokenReview with \(reply.status)")
        }
    }
}
