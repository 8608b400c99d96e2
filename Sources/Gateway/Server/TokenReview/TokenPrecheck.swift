package import FoundationEssentials
package import GatewayCore
import JOSE

/// Checks a token's signature with the API server's public keys, before a TokenReview call is made.
///
/// A token that passes is only not refuted; the TokenReview decides. Real ServiceAccount tokens have a `kid`; the API
/// server tries all its keys for a token that has none, and so does this check.
package struct TokenPrecheck: Sendable {
    /// The result of the check.
    package enum Verdict: Sendable {
        /// The signature is valid, or there is no key set to check it with.
        case possible
        /// No key of the key set is the token's, and the key set may not be read again yet, which is once a minute: the
        /// key may be newer than the set. The API server decides, for few such tokens at a time.
        case unknownKey
        /// The signature is wrong, or its key is not in the key set that was read just now.
        case rejected
    }

    private let keys: KeySetCache
    private let observe: TokenReviewObserver

    package init(keys: KeySetCache, observe: @escaping TokenReviewObserver) {
        self.keys = keys
        self.observe = observe
    }

    package func verdict(on token: SubjectToken, at now: Date) async -> Verdict {
        let keyID = token.jwt.header.keyID
        let found: (keys: JSONWebKeySet, isNew: Bool)
        do throws(TokenReviewFailure) {
            found = try await keys.lookUp(keyID, at: now)
        } catch {
            // A key set that is being read again does not lift the limit on unknown keys.
            return await keys.isRead ? unknownKey() : unchecked()
        }
        let candidates = keyID.map { id in found.keys.keys.filter { $0.keyID == id } } ?? found.keys.keys
        let isVerified = candidates.contains { (try? token.jwt.verify(with: $0)) != nil }
        if isVerified { return .possible }
        if keyID != nil, !candidates.isEmpty {
            observe(.precheckForged)
            return .rejected
        }
        guard found.isNew else { return unknownKey() }
        observe(.precheckForeignKey)
        return .rejected
    }

    private func unknownKey() -> Verdict {
        observe(.precheckUnknownKey)
        return .unknownKey
    }

    private func unchecked() -> Verdict {
        observe(.precheckSkipped)
        return .possible
    }
}
