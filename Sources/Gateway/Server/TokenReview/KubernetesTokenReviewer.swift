package import FoundationEssentials
package import GatewayCore
import HTTPTypes
import Kubernetes

/// Reviews tokens with the API server: one `TokenReview` (authentication.k8s.io/v1) for each review.
package struct KubernetesTokenReviewer: TokenReviewing {
    let client: KubernetesClient
    /// Seconds.
    let timeout: Double
    let observe: TokenReviewObserver

    package func review(
        _ token: SubjectToken, audiences: [String]?, at now: Date
    ) async throws(TokenReviewFailure) -> TokenReview {
        do {
            let review = try await send(token, audiences, now)
            if case .authenticated = review { observe(.authenticated) } else { observe(.unauthenticated) }
            return review
        } catch {
            observe(.failed)
            throw error
        }
    }

    private func send(
        _ token: SubjectToken, _ audiences: [String]?, _ now: Date
    ) async throws(TokenReviewFailure) -> TokenReview {
        let request = KubernetesRequest(
            .post, TokenReviewMessage.path,
            body: TokenReviewMessage.request(token: token.compact, audiences: audiences), isRepeatable: true)
        let reply: KubernetesReply
        do {
            reply = try await client.send(request, at: now, timeout: timeout)
        } catch {
            throw TokenReviewFailure(error)
        }
        guard reply.status == 200 || reply.status == 201 else {
            throw TokenReviewFailure(
                reply, to: "a TokenReview",
                forbidden: "not allowed to create tokenreviews.authentication.k8s.io (403); bind the ClusterRole "
                    + "system:auth-delegator to the gateway's ServiceAccount",
                absent: "the server has no authentication.k8s.io/v1 TokenReview (404); check its address")
        }
        guard let review = TokenReviewMessage.review(in: reply.body) else {
            throw TokenReviewFailure(
                retryAfter: 5, reason: "the response of the API server is not a TokenReview with a status")
        }
        return review
    }
}
