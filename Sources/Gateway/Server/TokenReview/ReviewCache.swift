import FoundationEssentials
import GatewayCore

/// Answers of the last seconds, bounded in number and in age.
///
/// There are two generations: what is new goes to the younger one, and when that is full or old it takes the place of
/// the elder, whose answers are dropped together. So nothing is ever searched or sorted.
struct ReviewCache {
    private struct Entry {
        let review: TokenReview
        let asked: Date
        let end: Date
    }

    /// Seconds by which a caller's time may lie before that of the answer, since it was read before waiting for a lock.
    private static let tolerance = 1.0

    private let limits: TokenReviewLimits
    private var younger: [ReviewKey: Entry] = [:]
    private var elder: [ReviewKey: Entry] = [:]
    private var begun = Date(timeIntervalSince1970: 0)

    init(limits: TokenReviewLimits) { self.limits = limits }

    var count: Int { younger.count + elder.count }

    /// Not of the future either: where the clock was set back, nothing that was kept counts.
    func answer(for key: ReviewKey, at now: Date) -> TokenReview? {
        guard let entry = younger[key] ?? elder[key], now < entry.end,
            entry.asked.timeIntervalSince(now) <= Self.tolerance
        else { return nil }
        return entry.review
    }

    /// - Parameters:
    ///   - asked: when the review was begun, from which its life counts.
    ///   - expiration: the token's `exp`.
    mutating func keep(_ review: TokenReview, for key: ReviewKey, asked: Date, expiration: Double?) {
        let lifetime =
            switch review {
            case .authenticated: limits.positiveLifetime
            case .unauthenticated: limits.negativeLifetime
            }
        var end = asked.addingTimeInterval(lifetime)
        if let expiration { end = min(end, Date(timeIntervalSince1970: expiration)) }
        guard end > asked else { return }
        let maximumAge = max(limits.positiveLifetime, limits.negativeLifetime)
        if younger.count >= max(1, limits.cachedAnswers / 2) || abs(asked.timeIntervalSince(begun)) >= maximumAge {
            elder = younger
            younger = [:]
            begun = asked
        }
        younger[key] = Entry(review: review, asked: asked, end: end)
    }
}
