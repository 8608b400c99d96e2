import GatewayCore
import Kubernetes

extension TokenReviewFailure {
    /// Seconds that a caller may be told to wait.
    private static let retryRange = 1...60

    /// The API server gave no answer.
    init(_ error: KubernetesRequestError) {
        self.init(retryAfter: error == .cancelled ? 1 : 5, reason: error.description)
    }

    /// The API server's answer is none to the question. Its own words may quote what was sent, so its status alone is
    /// told.
    ///
    /// - Parameters:
    ///   - what: what was asked, such as `a TokenReview`.
    ///   - forbidden: what 403 means and what to do.
    ///   - absent: what 404 means and what to do; nil where it says no more than any other status.
    init(_ reply: KubernetesReply, to what: String, forbidden: String, absent: String? = nil) {
        let (seconds, reason) =
            switch reply.status {
            case 401:
                (
                    10,
                    "the API server does not know the gateway (401); "
                        + "check the gateway's own token or client certificate"
                )
            case 403: (30, forbidden)
            case 429: (1, "the API server asks to come back later (429)")
            case 500...599: (5, "the API server fails (\(reply.status))")
            case 404: (30, absent ?? "the API server answered \(what) with 404")
            default: (30, "the API server answered \(what) with \(reply.status)")
            }
        let wait = reply.retryAfter ?? seconds
        self.init(
            retryAfter: min(max(wait, Self.retryRange.lowerBound), Self.retryRange.upperBound), reason: reason)
    }
}
