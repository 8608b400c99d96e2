/// What happened on a token's way through the reviewers, for metrics: a closed set without a word of any token.
package enum TokenReviewEvent: Sendable, Equatable, CaseIterable {
    /// Answered from a review of the last seconds.
    case cacheHit
    /// Began a review.
    case cacheMiss
    /// Waits for a review that somebody else began.
    case cacheShared
    /// Refused, since too many reviews were in flight.
    case capped

    /// Refused without a review: its signature is wrong under the key that it names.
    case precheckForged
    /// Refused without a review: the key set, read just now, has no key of its `kid`.
    case precheckForeignKey
    /// Left to the API server: its `kid` is unknown, and the key set was read less than a minute ago.
    case precheckUnknownKey
    /// Left to the API server, since no key set can be read.
    case precheckSkipped

    /// The API server's verdicts.
    case authenticated, unauthenticated
    /// The API server gave none.
    case failed
}

/// Told of each event, at once and from any thread; it must not wait.
package typealias TokenReviewObserver = @Sendable (TokenReviewEvent) -> Void

/// Bounds of reviewing by the API server. Times in seconds.
package struct TokenReviewLimits: Sendable {
    /// Reviews at a time; beyond, callers are told to come back.
    package var inFlight = 64
    /// Of those, reviews of tokens whose `kid` nobody knows (yet): they must not crowd out the others.
    package var unknownKeysInFlight = 4
    /// Answers that are kept.
    package var cachedAnswers = 20_000
    /// How long a positive answer is kept at most; never past the token's own end.
    package var positiveLifetime = 5.0
    package var negativeLifetime = 2.0
    /// For one review, with connecting and a second try.
    package var timeout = 5.0

    package init() {}
}
