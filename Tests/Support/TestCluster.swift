package import FoundationEssentials
package import JOSE
import JSON

/// The identity of a test cluster: it issues ServiceAccount tokens in the form of the API server's.
package struct TestCluster: Sendable {
    package static let defaultIssuer = "https://kubernetes.default.svc.cluster.local"

    package let issuer: String
    package let key: SigningKey

    package init(key: SigningKey, issuer: String = TestCluster.defaultIssuer) {
        self.key = key
        self.issuer = issuer
    }

    package var keySet: JSONWebKeySet { JSONWebKeySet(keys: [key.publicKey]) }

    /// The claims of a token; each member can be set to an invalid value.
    package struct Claims: Sendable {
        package var issuer: String
        package var namespace = "default"
        package var serviceAccount = "web"
        package var pod: String? = "web-0"
        package var node: String? = "node-1"
        package var audiences = ["sts-gateway.test.svc"]
        package var issuedAt: Date
        /// Seconds.
        package var lifetime = 3600.0
        package var notBefore: Date?
        /// Replaces `system:serviceaccount:<namespace>:<name>`.
        package var subject: String?
        /// Replaces `uid-of-<name>`.
        package var serviceAccountUID: String?
        package var podUID: String?
        package var nodeUID: String?
        package var tokenID = "5b7ad8a0-93c4-4d5c-9f0a-0d5f4a6a7c11"
    }

    package func token(at now: Date, _ adjust: (inout Claims) -> Void = { _ in }) throws -> String {
        var claims = Claims(issuer: issuer, issuedAt: now)
        adjust(&claims)
        return try SignedJWT.sign(Self.json(claims), with: key)
    }

    private static func json(_ claims: Claims) -> JSONValue {
        func reference(_ name: String, _ uid: String?) -> JSONValue {
            ["name": .string(name), "uid": .string(uid ?? "uid-of-\(name)")]
        }
        let issued = Int(claims.issuedAt.timeIntervalSince1970)
        var bound: [JSONValue.Member] = [.init("namespace", .string(claims.namespace))]
        if let node = claims.node { bound.append(.init("node", reference(node, claims.nodeUID))) }
        if let pod = claims.pod { bound.append(.init("pod", reference(pod, claims.podUID))) }
        bound.append(.init("serviceaccount", reference(claims.serviceAccount, claims.serviceAccountUID)))
        let subject = claims.subject ?? "system:serviceaccount:\(claims.namespace):\(claims.serviceAccount)"
        return [
            "aud": .array(claims.audiences.map(JSONValue.string)),
            "exp": .integer(issued + Int(claims.lifetime)),
            "iat": .integer(issued),
            "iss": .string(claims.issuer),
            "jti": .string(claims.tokenID),
            "kubernetes.io": .object(bound),
            "nbf": .integer(Int((claims.notBefore ?? claims.issuedAt).timeIntervalSince1970)),
            "sub": .string(subject),
        ]
    }
}
