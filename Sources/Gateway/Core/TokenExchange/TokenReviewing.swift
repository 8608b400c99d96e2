package import FoundationEssentials

/// The port to the review of ServiceAccount tokens: the API server's TokenReview, or local token validation.
package protocol TokenReviewing: Sendable {
    /// Reviews a token.
    ///
    /// - Parameter audiences: `spec.audiences`: the token must have one of them; nil for the API server's audiences.
    /// - Throws: where there is no result. An invalid token is a result.
    func review(_ token: SubjectToken, audiences: [String]?, at now: Date) async throws(TokenReviewFailure)
        -> TokenReview
}

/// The status of an `authentication.k8s.io/v1` TokenReview.
package enum TokenReview: Sendable, Equatable {
    case authenticated(UserInfo)
    case unauthenticated(SubjectTokenRejection)
}

/// The reviewer could not be called, or did not respond.
package struct TokenReviewFailure: Error, Sendable, Equatable {
    /// Seconds.
    package let retryAfter: Int
    /// For the log; it never contains the token.
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
    /// The requested audiences that the token has; empty where the reviewer does not check audiences.
    package let audiences: [String]

    package init(username: String, uid: String?, groups: [String], extra: [String: [String]], audiences: [String]) {
        self.username = username
        self.uid = uid
        self.groups = groups
        self.extra = extra
        self.audiences = audiences
    }
}
