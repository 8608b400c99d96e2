package import FoundationEssentials
package import JOSE
import JSON

/// Reviews a token by a key set instead of by the API server: signature, `iss`, `aud`, `exp`, `nbf`. It cannot see that a
/// Pod, a node or a ServiceAccount has been deleted.
package struct LocalTokenValidation: Sendable {
    /// Seconds by which the cluster's clock may be ahead.
    static let notBeforeLeeway = 10.0

    let keys: JSONWebKeySet
    let issuer: String

    package init(keys: JSONWebKeySet, issuer: String) {
        self.keys = keys
        self.issuer = issuer
    }

    /// - Parameter audiences: nil for the API server's own, which by default is the issuer (`--api-audiences`).
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
        let met = claims.audiences.filter((audiences ?? [issuer]).containsExactly)
        guard !met.isEmpty else { return .unauthenticated(.foreignAudience) }
        guard let bound = try? claims.json.decode(BoundClaims.self).kubernetes,
            claims.subject?.isExactly("system:serviceaccount:\(bound.namespace):\(bound.serviceaccount.name)") == true
        else { return .unauthenticated(.notServiceAccount) }
        return .authenticated(bound.user(username: claims.subject ?? "", tokenID: claims.tokenID, audiences: met))
    }

    /// The private claims of a bound ServiceAccount token, as the API server writes them.
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

            /// As the API server's own authenticator fills `status.user`.
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
