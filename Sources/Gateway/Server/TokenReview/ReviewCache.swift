import FoundationEssentials
import GatewayCore

/// A cache of reviews, limited in number and age.
///
/// There are two generations. New reviews are inserted into the young one; when that is full or old, it replaces the
/// old one, whose reviews are dropped. No operation searches or sorts.
struct ReviewCache {
    private struct Entry {
        let review: TokenReview
        let requested: Date
        let end: Date
    }

    /// Seconds by which the time of a caller may precede that of the review: it was read before waiting for a lock.
    private static let tolerance = 1.0

    private let limits: TokenReviewLimits
    private var young: [ReviewKey: Entry] = [:]
    private var old: [ReviewKey: Entry] = [:]
    private var youngSince = Date(timeIntervalSince1970: 0)

    init(limits: TokenReviewLimits) { self.limits = limits }

    var count: Int { young.count + old.count }

    /// Returns the review where it is valid at that time. Reviews of the future, after the clock was set back, are not.
    func review(for key: ReviewKey, at now: Date) -> TokenReview? {
        guard let entry = young[key] ?? old[key], now < entry.end,
            entry.requested.timeIntervalSince(now) <= Self.tolerance
        else { return nil }
        return entry.review
    }

    /// - Parameters:
    ///   - requested: when the review was requested: the start of its lifetime in the cache.
    ///   - expiration: the token's `exp`.
    mutating func insert(_ review: TokenReview, for key: ReviewKey, requested: Date, expiration: Double?) {
        let lifetime =
            switch review {
            case .authenticated: limits.positiveLifetime
            case .unauthenticated: limits.negativeLifetime
            }
        var end = requested.addingTimeInterval(lifetime)
        if let expiration { end = min(end, Date(timeIntervalSince1970: expiration)) }
        guard end > requested else { return }
        if young.count >= max(1, limits.cachedAnswers / 2) || isYoungOld(at: requested) {
            startGeneration(at: requested)
        }
        young[key] = Entry(review: review, requested: requested, end: end)
    }

    /// Drops reviews whose lifetime has ended. A second call, at least a lifetime later, drops those that are dropped last.
    mutating func dropExpired(at now: Date) {
        if count > 0, isYoungOld(at: now) { startGeneration(at: now) }
    }

    private func isYoungOld(at now: Date) -> Bool {
        abs(now.timeIntervalSince(youngSince)) >= max(limits.positiveLifetime, limits.negativeLifetime)
    }

    private mutating func startGeneration(at now: Date) {
        old = young
        young = [:]
        youngSince = now
    }
}
