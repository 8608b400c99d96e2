public import FoundationEssentials
public import JOSE

/// A throw-away cluster identity: issues ServiceAccount tokens in the shape of the API server's own.
public struct TestCluster: Sendable {
    public static let defaultIssuer = "https://kubernetes.default.svc.cluster.local"

    public let issuer: String
    public let key: SigningKey

    public init(key: SigningKey, issuer: String = TestCluster.defaultIssuer) {
        self.key = key
        self.issuer = issuer
    }

    public var keySet: JSONWebKeySet { JSONWebKeySet(keys: [key.publicKey]) }

    /// What a token says; each member can be set to something wrong.
    public struct Claims: Sendable {
        public var issuer: String
        public var namespace = "default"
        public var serviceAccount = "web"
        public var pod: String? = "web-0"
        public var node: String? = "node-1"
        public var audiences = ["sts-gateway.test.svc"]
        public var issuedAt: Date
        /// Seconds.
        public var lifetime = 3600.0
        public var notBefore: Date?
        /// In place of `system:serviceaccount:<namespace>:<name>`.
        public var subject: String?
        /// In place of `uid-of-<name>`.
        public var serviceAccountUID: String?
        public var podUID: String?
        public var nodeUID: String?
        public var tokenID = "5b7ad8a0-93c4-4d5c-9f0a-0d5f4a6a7c11"
    }

    public func token(at now: Date, _ adjust: (inout Claims) -> Void = { _ in }) throws -> String {
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
