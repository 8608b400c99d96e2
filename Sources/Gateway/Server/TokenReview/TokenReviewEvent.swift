/// An event of the reviewers, for metrics: a closed set without data of tokens.
package enum TokenReviewEvent: Sendable, Equatable, CaseIterable {
    /// A cached review was returned.
    case cacheHit
    /// A review was started.
    case cacheMiss
    /// The caller waits for a review in flight.
    case cacheShared
    /// Rejected: too many reviews are in flight.
    case capped

    /// Rejected without a review: the signature is not valid for the key of its `kid`.
    case precheckForged
    /// Rejected without a review: the key set, loaded for this call, has no key of its `kid`.
    case precheckForeignKey
    /// Sent to the API server: the `kid` is unknown, and the key set was loaded less than a minute ago.
    case precheckUnknownKey
    /// Sent to the API server: no key set is available.
    case precheckSkipped

    /// The result of the review.
    case authenticated, unauthenticated
    /// The review failed.
    case failed
}

/// Called for each event, from any thread. It must not block.
package typealias TokenReviewObserver = @Sendable (TokenReviewEvent) -> Void

/// The limits of reviews by the API server. Times are in seconds.
package struct TokenReviewLimits: Sendable {
    /// Concurrent reviews; more are rejected with `Retry-After`.
    package var inFlight = 64
    /// Concurrent reviews of tokens whose `kid` is not in the key set.
    package var unknownKeysInFlight = 4
    /// Cached reviews.
    package var cachedAnswers = 20_000
    /// The lifetime of a positive review in the cache, limited by the token's `exp`.
    package var positiveLifetime = 5.0
    package var negativeLifetime = 2.0
    /// The timeout of one review, with connecting and one retry.
    package var timeout = 5.0

    package init() {}
}
