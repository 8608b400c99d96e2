import GatewayCore
import Kubernetes

extension TokenReviewFailure {
    /// The permitted values of `Retry-After` in seconds.
    private static let retryRange = 1...60

    /// A request without a response.
    init(_ error: KubernetesRequestError) {
        self.init(retryAfter: error == .cancelled ? 1 : 5, reason: error.description)
    }

    /// An error response of the API server. The reason has only its status, because the message may quote the request.
    ///
    /// - Parameters:
    ///   - what: the request, such as `a TokenReview`.
    ///   - forbidden: the reason for 403, with what to do.
    ///   - absent: the reason for 404, with what to do; nil for the default.
    init(_ reply: KubernetesReply, to what: String, forbidden: String, absent: String? = nil) {
        let (seconds, reason) =
            switch reply.status {
            case 401:
                (
                    10,
                    "the API server does not authenticate the gateway (401); "
                        + "check the gateway's token or client certificate"
                )
            case 403: (30, forbidden)
            case 429: (1, "the API server limits requests (429)")
            case 500...599: (5, "the API server has failed (\(reply.status))")
            case 404: (30, absent ?? "the API server has responded to \(what) with 404")
            default: (30, "the API server has responded to \(what) with \(reply.status)")
            }
        let wait = reply.retryAfter ?? seconds
        self.init(
            retryAfter: min(max(wait, Self.retryRange.lowerBound), Self.retryRange.upperBound), reason: reason)
    }
}
