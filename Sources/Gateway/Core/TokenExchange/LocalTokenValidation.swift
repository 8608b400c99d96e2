package import FoundationEssentials
package import JOSE
import JSON

/// Validates a token with a key set instead of a TokenReview: signature, `iss`, `aud`, `exp`, `nbf`. It does not detect
/// that a Pod, a node or a ServiceAccount was deleted.
package struct LocalTokenValidation: Sendable {
    /// How far the cluster's clock may be ahead, in seconds.
    static let notBeforeLeeway = 10.0

    let keys: JSONWebKeySet
    let issuer: String

    package init(keys: JSONWebKeySet, issuer: String) {
        self.keys = keys
        self.issuer = issuer
    }

    /// Validates a token.
    ///
    /// - Parameter audiences: nil for the API server's audience, which by default is the issuer (`--api-audiences`).
    package func review(_ token: SubjectToken, audiences: [String]?, at now: Date) -> TokenReview {
        let claims = token.claims
        let seconds = now.timeIntervalSince1970
        guard claims.issuer?.isExactly(issuer) == true, (try? token.jwt.verify(with: keys)) != nil else {
            return .unauthenticated(.unauthenticated)
        }
        guard let expiration = claims.expiration, seconds < expiration else { return .unauthenticated(.expired) }
        if let notBefore = claims.notBefore, seconds < notBefore - Self.notBeforeLeeway {
            return .unauthenticated(.notYetValid)
        }
        let matching = claims.audiences.filter((audiences ?? [issuer]).containsExactly)
        guard !matching.isEmpty else { return .unauthenticated(.foreignAudience) }
        guard let bound = try? claims.json.decode(BoundClaims.self).kubernetes,
            claims.subject?.isExactly("system:serviceaccount:\(bound.namespace):\(bound.serviceaccount.name)") == true
        else { return .unauthenticated(.notServiceAccount) }
        return .authenticated(bound.user(username: claims.subject ?? "", tokenID: claims.tokenID, audiences: matching))
    }

    /// The private claims of a bound ServiceAccount token.
    private struct BoundClaims: Decodable {
        struct Reference: Decodable {
            let name: String
            let uid: String?
        }

        struct Kubernetes: Decodable {
            let namespace: String
            let serviceaccount: Reference
            let pod: Reference?
            let node: Reference?

            /// The `status.user` that the API server's authenticator returns for these claims.
            func user(username: String, tokenID: String?, audiences: [String]) -> UserInfo {
                var extra: [String: [String]] = [:]
                func set(_ name: String, _ value: String?) {
                    if let value { extra["authentication.kubernetes.io/\(name)"] = [value] }
                }
                set("pod-name", pod?.name)
                set("pod-uid", pod?.uid)
                set("node-name", node?.name)
                set("node-uid", node?.uid)
                set("credential-id", tokenID.map { "JTI=\($0)" })
                return UserInfo(
                    username: username, uid: serviceaccount.uid,
                    groups: [
                        "system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated",
                    ],
                    extra: extra, audiences: audiences)
            }
        }

        let kubernetes: Kubernetes

        enum CodingKeys: String, CodingKey {
            case kubernetes = "kubernetes.io"
        }
    }
}
