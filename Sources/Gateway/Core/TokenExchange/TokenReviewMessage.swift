import FoundationEssentials
package import JSON

/// The TokenReview request and response (authentication.k8s.io/v1).
package enum TokenReviewMessage {
    package static let path = "/apis/authentication.k8s.io/v1/tokenreviews"
    private static let apiVersion = "authentication.k8s.io/v1"

    /// The request body. It contains the token and must not be logged.
    ///
    /// - Parameter audiences: `spec.audiences`; nil for the API server's audiences.
    package static func request(token: String, audiences: [String]?) -> JSONValue {
        var spec = [JSONValue.Member("token", .string(token))]
        if let audiences { spec.append(.init("audiences", .array(audiences.map(JSONValue.string)))) }
        return ["apiVersion": .string(apiVersion), "kind": "TokenReview", "spec": .object(spec)]
    }

    /// Reads the response.
    ///
    /// `status.error` does not distinguish an invalid token from a fault, since the API server sets it for every token
    /// that it rejects. A response with both an error and `authenticated: true` is contradictory and unauthenticated.
    ///
    /// - Returns: nil where the body is not a TokenReview with a status, or the authenticated user has no name.
    package static func review(in json: [UInt8]) -> TokenReview? {
        guard let json = try? JSONNode(parsing: json), json["kind"]?.stringValue == "TokenReview",
            json["apiVersion"]?.stringValue == apiVersion, let member = json["status"],
            let status = try? Status(member)
        else { return nil }
        guard status.authenticated == true, (status.error ?? "").isEmpty else {
            return .unauthenticated(.unauthenticated)
        }
        guard let username = status.username, !username.isEmpty else { return nil }
        return .authenticated(
            UserInfo(
                username: username, uid: (status.uid ?? "").isEmpty ? nil : status.uid, groups: status.groups ?? [],
                extra: status.extra ?? [:], audiences: status.audiences ?? []))
    }

    /// `status` of a review. A member with the value null is absent; one of another type is an error.
    private struct Status {
        struct WrongType: Error {}

        /// Omitted for false.
        let authenticated: Bool?
        let error: String?
        let username: String?
        let uid: String?
        let groups: [String]?
        let extra: [String: [String]]?
        let audiences: [String]?

        init(_ status: JSONNode) throws(WrongType) {
            guard status.isObject else { throw WrongType() }
            authenticated = try Self.member("authenticated", of: status, read: \.boolValue)
            error = try Self.member("error", of: status, read: \.stringValue)
            audiences = try Self.member("audiences", of: status, read: Self.texts)
            let user = try Self.member("user", of: status) { $0.isObject ? $0 : nil }
            username = try Self.member("username", of: user, read: \.stringValue)
            uid = try Self.member("uid", of: user, read: \.stringValue)
            groups = try Self.member("groups", of: user, read: Self.texts)
            extra = try Self.member("extra", of: user, read: Self.extra)
        }

        private static func member<Value>(
            _ name: String, of object: JSONNode?, read: (JSONNode) -> Value?
        ) throws(WrongType) -> Value? {
            guard let member = object?[name], !member.isNull else { return nil }
            guard let value = read(member) else { throw WrongType() }
            return value
        }

        private static func texts(_ value: JSONNode) -> [String]? {
            guard let elements = value.elementList else { return nil }
            let texts = elements.compactMap(\.stringValue)
            return texts.count == elements.count ? texts : nil
        }

        private static func extra(_ value: JSONNode) -> [String: [String]]? {
            guard value.isObject else { return nil }
            var extra: [String: [String]] = [:]
            for member in value.members {
                guard let values = texts(member.node) else { return nil }
                extra[member.name] = values
            }
            return extra
        }
    }
}
