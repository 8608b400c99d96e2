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
        guard let wire = try? JSONValue(parsing: json).decode(Wire.self), wire.kind == "TokenReview",
            wire.apiVersion == apiVersion
        else { return nil }
        let status = wire.status
        guard status.authenticated == true, (status.error ?? "").isEmpty else {
            return .unauthenticated(.unauthenticated)
        }
        guard let user = status.user, let username = user.username, !username.isEmpty else { return nil }
        return .authenticated(
            UserInfo(
                username: username, uid: (user.uid ?? "").isEmpty ? nil : user.uid, groups: user.groups ?? [],
                extra: user.extra ?? [:], audiences: status.audiences ?? []))
    }

    private struct Wire: Decodable {
        let apiVersion: String
        let kind: String
        let status: Status

        struct Status: Decodable {
            /// Omitted for false.
            let authenticated: Bool?
            let error: String?
            let user: User?
            let audiences: [String]?
        }

        struct User: Decodable {
            let username: String?
            let uid: String?
            let groups: [String]?
            let extra: [String: [String]]?
        }
    }
}
