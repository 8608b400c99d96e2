package import FoundationEssentials

/// The port to whoever vouches for ServiceAccount tokens: the API server's TokenReview, or a key set.
package protocol TokenReviewing: Sendable {
    /// Asks whether the token is good now.
    ///
    /// - Parameter audiences: what `spec.audiences` holds: the token must be meant for one of them; nil asks for the
    ///   API server's own audiences.
    /// - Throws: where there is no answer; a bad token is an answer.
    func review(_ token: SubjectToken, audiences: [String]?, at now: Date) async throws(TokenReviewFailure)
        -> TokenReview
}

/// The status of an `authentication.k8s.io/v1` TokenReview.
package enum TokenReview: Sendable, Equatable {
    case authenticated(UserInfo)
    case unauthenticated(SubjectTokenRejection)
}

/// The reviewer could not be asked, or did not answer.
package struct TokenReviewFailure: Error, Sendable, Equatable {
    /// Seconds.
    package let retryAfter: Int
    /// For the log; nothing of the token.
    package let reason: String

    package init(retryAfter: Int, reason: String) {
        self.retryAfter = retryAfter
        self.reason = reason
    }
}

/// `status.user` and `status.audiences` of a TokenReview.
package struct UserInfo: Sendable, Equatable {
    package let username: String
    package let uid: String?
    package let groups: [String]
    package let extra: [String: [String]]
    /// Those of the asked audiences that the token is for; empty where the reviewer knows no audiences.
    package let audiences: [String]

    package init(username: String, uid: String?, groups: [String], extra: [String: [String]], audiences: [String]) {
        self.username = username
        self.uid = uid
        self.groups = groups
        self.extra = extra
        self.audiences = audiences
    }
}
