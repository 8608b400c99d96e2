public import FoundationEssentials

/// The port to whoever vouches for ServiceAccount tokens: the API server's TokenReview, or a key set.
public protocol TokenReviewing: Sendable {
    /// Asks whether the token is good now.
    ///
    /// - Parameter audiences: what `spec.audiences` holds: the token must be meant for one of them; nil asks for the
    ///   API server's own audiences.
    /// - Throws: where there is no answer; a bad token is an answer.
    func review(_ token: SubjectToken, audiences: [String]?, at now: Date) async throws(TokenReviewFailure)
        -> TokenReview
}

/// The status of an `authentication.k8s.io/v1` TokenReview.
public enum TokenReview: Sendable, Equatable {
    case authenticated(ReviewedUser)
    case unauthenticated(SubjectTokenRefusal)
}

/// The reviewer could not be asked, or did not answer.
public struct TokenReviewFailure: Error, Sendable, Equatable {
    /// Seconds.
    public let retryAfter: Int
    /// For the log; nothing of the token.
    public let reason: String

    public init(retryAfter: Int, reason: String) {
        self.retryAfter = retryAfter
        self.reason = reason
    }
}

/// `status.user` and `status.audiences` of a TokenReview.
public struct ReviewedUser: Sendable, Equatable {
    public let username: String
    public let uid: String?
    public let groups: [String]
    public let extra: [String: [String]]
    /// Those of the asked audiences that the token is for; empty where the reviewer knows no audiences.
    public let audiences: [String]

    public init(username: String, uid: String?, groups: [String], extra: [String: [String]], audiences: [String]) {
        self.username = username
        self.uid = uid
        self.groups = groups
        self.extra = extra
        self.audiences = audiences
    }
}
