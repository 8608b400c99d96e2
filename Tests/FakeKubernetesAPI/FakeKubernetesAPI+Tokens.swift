import FoundationEssentials
import GatewayTestSupport
import JSON

/// authentication.k8s.io/v1: TokenReview and TokenRequest, and the keys behind them.
extension FakeKubernetesAPI {
    static let tokenReviewsPath = "/apis/authentication.k8s.io/v1/tokenreviews"
    /// The minimum of `spec.expirationSeconds` of a TokenRequest.
    static let shortestTokenLifetime = 600

    var authenticator: TokenAuthenticator {
        TokenAuthenticator(
            issuer: issuer, keys: keySet, apiAudiences: apiAudiences, objects: store.read { $0 })
    }

    /// The response to `POST …/tokenreviews`.
    func reviewToken(_ body: JSONValue) throws(APIStatus) -> JSONValue {
        guard let token = body[path: "spec", "token"]?.string, !token.isEmpty else {
            throw .badRequest("token is required for TokenReview in authentication")
        }
        let audiences = body[path: "spec", "audiences"]?.elements.compactMap(\.string) ?? []
        var status: JSONValue
        do throws(TokenAuthenticator.Rejection) {
            let accepted = try authenticator.authenticate(token, audiences: audiences, at: clock())
            status = [
                "authenticated": true, "user": accepted.user.json,
                "audiences": .array(accepted.audiences.map(JSONValue.string)),
            ]
        } catch {
            status = ["user": .object([]), "error": .string(error.statusError)]
        }
        var review = body
        review.set("TokenReview", at: "kind")
        review.set("authentication.k8s.io/v1", at: "apiVersion")
        if review["metadata"] == nil { review.set(["creationTimestamp": .null], at: "metadata") }
        review.set(status, at: "status")
        return review
    }

    /// The response to `POST …/serviceaccounts/NAME/token`.
    func requestToken(namespace: String, serviceAccount name: String, _ body: JSONValue) throws(APIStatus) -> JSONValue
    {
        let account = try store.object(ObjectKey(resource: .serviceAccounts, namespace: namespace, name: name))
        let lifetime = body[path: "spec", "expirationSeconds"]?.integer ?? 3600
        guard lifetime >= Self.shortestTokenLifetime else {
            throw .invalid(
                "TokenRequest.authentication.k8s.io", "",
                "spec.expirationSeconds: Invalid value: \(lifetime): may not specify a duration less than 10 minutes")
        }
        let given = body[path: "spec", "audiences"]?.elements.compactMap(\.string) ?? []
        let audiences = given.isEmpty ? apiAudiences : given
        let bound = try boundPod(body[path: "spec", "boundObjectRef"], namespace: namespace, serviceAccount: name)
        let now = clock()
        let token = try sign(at: now) { claims in
            claims.namespace = namespace
            claims.serviceAccount = name
            claims.serviceAccountUID = account[path: "metadata", "uid"]?.string
            claims.pod = bound?.pod[path: "metadata", "name"]?.string
            claims.podUID = bound?.pod[path: "metadata", "uid"]?.string
            claims.node = bound?.node?[path: "metadata", "name"]?.string
            claims.nodeUID = bound?.node?[path: "metadata", "uid"]?.string
            claims.audiences = audiences
            claims.lifetime = Double(lifetime)
        }
        var request = body
        request.set("TokenRequest", at: "kind")
        request.set("authentication.k8s.io/v1", at: "apiVersion")
        request.set(.array(audiences.map(JSONValue.string)), at: "spec", "audiences")
        request.set(.integer(lifetime), at: "spec", "expirationSeconds")
        let end = now.addingTimeInterval(Double(lifetime)).formatted(.iso8601)
        request.set(["token": .string(token), "expirationTimestamp": .string(end)], at: "status")
        return request
    }

    private func boundPod(
        _ reference: JSONValue?, namespace: String, serviceAccount: String
    ) throws(APIStatus) -> (pod: JSONValue, node: JSONValue?)? {
        guard let reference, case .object = reference else { return nil }
        let kind = reference["kind"]?.string ?? ""
        let name = reference["name"]?.string ?? ""
        guard kind == "Pod" else { throw .badRequest("cannot bind token to object of type /v1, Kind=\(kind)") }
        let pod = try store.object(ObjectKey(resource: .pods, namespace: namespace, name: name))
        let runsAs = pod[path: "spec", "serviceAccountName"]?.string ?? ""
        guard runsAs == serviceAccount else {
            throw .badRequest(
                "cannot bind token for serviceaccount \"\(serviceAccount)\" to pod running with "
                    + "serviceaccount \"\(runsAs)\"")
        }
        let uid = pod[path: "metadata", "uid"]?.string ?? ""
        if let given = reference["uid"]?.string, !given.isEmpty, given != uid {
            throw .conflict(
                .pods, name,
                "the UID in the bound object reference (\(given)) does not match the UID in record (\(uid)). "
                    + "The object might have been deleted and then recreated")
        }
        let node = pod[path: "spec", "nodeName"]?.string.flatMap { name in
            try? store.object(ObjectKey(resource: .nodes, namespace: nil, name: name))
        }
        return (pod, node)
    }
}
