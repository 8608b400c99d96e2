package import FoundationEssentials
package import GatewayCore
import JOSE
import Synchronization

/// Rejects forged tokens before another reviewer is called, with the key set of the API server.
///
/// - The signature is not valid for the key of the token's `kid`: rejected.
/// - The `kid` is not in a key set that was loaded for this call: rejected.
/// - The `kid` is unknown, and the key set was loaded less than a minute ago: the key may be newer than the key set, so
///   the reviewer decides. The number of such reviews in flight is limited, so that tokens with invented `kid`s affect
///   only tokens whose `kid` is unknown, too.
/// - The key set is not available, or the token has no `kid`: the reviewer decides.
///
/// A token that passes is not authenticated by this check; the reviewer decides.
package final class PrecheckedTokenReviewer: TokenReviewing {
    private enum Verdict {
        case possible, forged, foreignKey, unknownKey, unchecked
    }

    private let reviewer: any TokenReviewing
    private let keys: KeySetCache
    private let maximumUnknown: Int
    private let observe: TokenReviewObserver
    private let unknownInFlight = Mutex(0)

    package init(
        _ reviewer: any TokenReviewing, keys: KeySetCache, maximumUnknown: Int, observe: @escaping TokenReviewObserver
    ) {
        self.reviewer = reviewer
        self.keys = keys
        self.maximumUnknown = maximumUnknown
        self.observe = observe
    }

    package func review(
        _ token: SubjectToken, audiences: [String]?, at now: Date
    ) async throws(TokenReviewFailure) -> TokenReview {
        switch await verdict(token, at: now) {
        case .possible: break
        case .forged:
            observe(.precheckForged)
            return .unauthenticated(.unauthenticated)
        case .foreignKey:
            observe(.precheckForeignKey)
            return .unauthenticated(.unauthenticated)
        case .unchecked: observe(.precheckSkipped)
        case .unknownKey:
            observe(.precheckUnknownKey)
            return try await reviewUnknown(token, audiences, now)
        }
        return try await reviewer.review(token, audiences: audiences, at: now)
    }

    private func reviewUnknown(
        _ token: SubjectToken, _ audiences: [String]?, _ now: Date
    ) async throws(TokenReviewFailure) -> TokenReview {
        let mayEnter = unknownInFlight.withLock { count in
            guard count < maximumUnknown else { return false }
            count += 1
            return true
        }
        guard mayEnter else {
            observe(.capped)
            throw TokenReviewFailure(
                retryAfter: 5, reason: "too many reviews of tokens with unknown keys are in flight")
        }
        defer { unknownInFlight.withLock { $0 -= 1 } }
        return try await reviewer.review(token, audiences: audiences, at: now)
    }

    private func verdict(_ token: SubjectToken, at now: Date) async -> Verdict {
        guard let keyID = token.jwt.header.keyID, let (keys, isNew) = try? await keys.lookUp(keyID, at: now) else {
            return .unchecked
        }
        guard keys[keyID] != nil else { return isNew ? .foreignKey : .unknownKey }
        return (try? token.jwt.verify(with: keys)) == nil ? .forged : .possible
    }
}
