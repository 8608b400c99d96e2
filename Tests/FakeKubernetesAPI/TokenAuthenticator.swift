import FoundationEssentials
import GatewayTestSupport
import JOSE
import JSON

/// Authenticates bearer tokens like the API server's ServiceAccount authenticator: issuer, signature, audiences, times,
/// then whether the ServiceAccount and what the token is bound to still exist with the same uid. Texts are of the kind
/// that `status.error` of a real TokenReview holds.
struct TokenAuthenticator {
    /// Tokens are accepted this long before their `nbf`, after their `exp`, and after the `deletionTimestamp` of what
    /// they are bound to, in seconds.
    static let leeway = 60.0

    let issuer: String
    let keys: JSONWebKeySet
    /// `--api-audiences`, by default the issuer.
    let apiAudiences: [String]
    let objects: StoredObjects

    struct Rejection: Error {
        let text: String

        /// The result where no authenticator is responsible.
        static let unknown = Rejection("")

        init(_ text: String) { self.text = text }

        /// The message with the prefix of the bearer authenticator.
        var statusError: String { text.isEmpty ? "invalid bearer token" : "[invalid bearer token, \(text)]" }
    }

    struct Accepted {
        let user: APIUser
        /// The requested audiences that the token has.
        let audiences: [String]
    }

    /// - Parameter audiences: the accepted audiences; empty for the API server's.
    func authenticate(_ token: String, audiences: [String], at now: Date) throws(Rejection) -> Accepted {
        guard let jwt = try? SignedJWT(parsing: token), let claims = try? jwt.claims(), claims.issuer == issuer else {
            throw .unknown
        }
        do {
            try jwt.verify(with: keys)
        } catch .unknownKey {
            throw Rejection("invalid signature, no keys found")
        } catch {
            throw Rejection("go-jose/go-jose: error in cryptographic primitive")
        }
        let asked = audiences.isEmpty ? apiAudiences : audiences
        let given = claims.audiences.isEmpty ? apiAudiences : claims.audiences
        let met = given.filter(asked.contains)
        guard !met.isEmpty else {
            throw Rejection(
                "token audiences \(Self.quoted(given)) is invalid for the target audiences \(Self.quoted(asked))")
        }
        let seconds = now.timeIntervalSince1970
        if let notBefore = claims.notBefore, seconds + Self.leeway < notBefore {
            throw Rejection("service account token is not valid yet")
        }
        if let expiration = claims.expiration, seconds - Self.leeway > expiration {
            throw Rejection("service account token has expired")
        }
        guard let bound = try? JSONDecoder().decode(BoundClaims.self, from: Data(jwt.payload)).kubernetes else {
            throw .unknown
        }
        try checkServiceAccount(bound, at: now)
        try checkBoundObjects(bound, at: now)
        return Accepted(user: Self.user(bound, tokenID: claims.tokenID), audiences: met)
    }

    private func checkServiceAccount(_ bound: BoundClaims.Kubernetes, at now: Date) throws(Rejection) {
        let name = bound.serviceaccount.name
        let key = ObjectKey(resource: .serviceAccounts, namespace: bound.namespace, name: name)
        guard let account = objects.objects[key] else { throw Rejection("serviceaccounts \"\(name)\" not found") }
        if isDeleted(account, at: now) {
            throw Rejection("service account \(bound.namespace)/\(name) has been deleted")
        }
        let uid = account[path: "metadata", "uid"]?.string ?? ""
        guard uid == bound.serviceaccount.uid else {
            throw Rejection("service account UID (\(uid)) does not match claim (\(bound.serviceaccount.uid ?? ""))")
        }
    }

    /// A Pod's token names its node but does not end with it; only a token bound to the node does.
    private func checkBoundObjects(_ bound: BoundClaims.Kubernetes, at now: Date) throws(Rejection) {
        try check(bound.secret, .secrets, namespace: bound.namespace, kind: "secret", at: now)
        try check(bound.pod, .pods, namespace: bound.namespace, kind: "pod", at: now)
        if bound.pod == nil { try check(bound.node, .nodes, namespace: nil, kind: "node", at: now) }
    }

    private func check(
        _ reference: BoundClaims.Reference?, _ resource: APIResource, namespace: String?, kind: String, at now: Date
    ) throws(Rejection) {
        guard let reference else { return }
        let key = ObjectKey(resource: resource, namespace: namespace, name: reference.name)
        guard let object = objects.objects[key], !isDeleted(object, at: now) else {
            throw Rejection("service account token has been invalidated")
        }
        let uid = object[path: "metadata", "uid"]?.string ?? ""
        guard uid == reference.uid else {
            let words = "\(kind == "secret" ? "Secret" : kind == "pod" ? "pod" : "node") UID (\(uid))"
            throw Rejection("\(words) does not match service account \(kind) ref claim (\(reference.uid ?? ""))")
        }
    }

    private func isDeleted(_ object: JSONValue, at now: Date) -> Bool {
        guard let text = object[path: "metadata", "deletionTimestamp"]?.string,
            let deleted = try? Date(text, strategy: .iso8601)
        else { return false }
        return deleted < now.addingTimeInterval(-Self.leeway)
    }

    private static func user(_ bound: BoundClaims.Kubernetes, tokenID: String?) -> APIUser {
        var extra: [JSONValue.Member] = []
        func add(_ name: String, _ value: String?) {
            if let value { extra.append(.init("authentication.kubernetes.io/\(name)", .array([.string(value)]))) }
        }
        add("credential-id", tokenID.map { "JTI=\($0)" })
        add("node-name", bound.node?.name)
        add("node-uid", bound.node?.uid)
        add("pod-name", bound.pod?.name)
        add("pod-uid", bound.pod?.uid)
        return .serviceAccount(
            namespace: bound.namespace, name: bound.serviceaccount.name, uid: bound.serviceaccount.uid, extra: extra)
    }

    private static func quoted(_ values: [String]) -> String {
        "[" + values.map { "\"\($0)\"" }.joined(separator: " ") + "]"
    }
}

/// The private claims of a bound token.
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
        let secret: Reference?
    }

    let kubernetes: Kubernetes

    enum CodingKeys: String, CodingKey {
        case kubernetes = "kubernetes.io"
    }
}
