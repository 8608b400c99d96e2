package import FoundationEssentials
package import GatewayCore
import JOSE
import Synchronization

/// Keeps from another reviewer what its own keys already tell to be bad.
///
/// - A wrong signature under the key that the token names: refused.
/// - A `kid` that is unknown, and unknown still in the key set that was read just now for its sake: refused.
/// - A `kid` that is unknown while the key set may not be read again yet, which is once a minute: the key may be newer
///   than the set, so the reviewer decides. Few such reviews run at a time; whoever sends tokens with invented `kid`s
///   thus hinders only those whose `kid` is unknown too.
/// - No key set to be had (an API server that does not let the gateway read it), or a token without `kid`: the reviewer
///   decides.
///
/// A token that passes is only not refuted; the reviewer vouches for it.
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
            throw TokenReviewFailure(retryAfter: 5, reason: "too many tokens of unknown keys are under review")
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
