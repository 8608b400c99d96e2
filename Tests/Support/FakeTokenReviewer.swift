package import FoundationEssentials
package import GatewayCore
import Synchronization

/// Gives every review the same result, and records the requested audiences.
package final class FakeTokenReviewer: TokenReviewing {
    package typealias Answer = Result<TokenReview, TokenReviewFailure>

    private let state: Mutex<(answer: Answer, asked: [[String]?])>

    package init(_ answer: Answer) { state = Mutex((answer, [])) }

    /// The audiences of each review so far.
    package var asked: [[String]?] { state.withLock { $0.asked } }

    package func answer(_ answer: Answer) { state.withLock { $0.answer = answer } }

    package func review(
        _ token: SubjectToken, audiences: [String]?, at now: Date
    ) async throws(TokenReviewFailure) -> TokenReview {
        let answer = state.withLock { state in
            state.asked.append(audiences)
            return state.answer
        }
        return try answer.get()
    }
}

extension UserInfo {
    /// Returns a ServiceAccount's user as the API server does, bound to a Pod where one is named.
    package static func serviceAccount(
        namespace: String = "default", name: String = "web", pod: String? = "web-0",
        audiences: [String] = ["sts-gateway.test.svc"]
    ) -> UserInfo {
        var extra: [String: [String]] = ["authentication.kubernetes.io/credential-id": ["JTI=5b7ad8a0"]]
        if let pod {
            extra["authentication.kubernetes.io/pod-name"] = [pod]
            extra["authentication.kubernetes.io/pod-uid"] = ["uid-of-\(pod)"]
            extra["authentication.kubernetes.io/node-name"] = ["node-1"]
            extra["authentication.kubernetes.io/node-uid"] = ["uid-of-node-1"]
        }
        return UserInfo(
            username: "system:serviceaccount:\(namespace):\(name)", uid: "uid-of-\(name)",
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"],
            extra: extra, audiences: audiences)
    }
}
