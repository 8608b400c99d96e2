import FoundationEssentials
package import JSON

/// The TokenReview resource (authentication.k8s.io/v1) as it goes over the wire.
package enum TokenReviewMessage {
    package static let path = "/apis/authentication.k8s.io/v1/tokenreviews"
    private static let apiVersion = "authentication.k8s.io/v1"

    /// The body that asks. It holds the token, so it is never logged.
    ///
    /// - Parameter audiences: `spec.audiences`; nil leaves it out, which asks for the API server's own.
    package static func request(token: String, audiences: [String]?) -> JSONValue {
        var spec = [JSONValue.Member("token", .string(token))]
        if let audiences { spec.append(.init("audiences", .array(audiences.map(JSONValue.string)))) }
        return ["apiVersion": .string(apiVersion), "kind": "TokenReview", "spec": .object(spec)]
    }

    /// Reads the answer.
    ///
    /// Who is not authenticated is unauthenticated whatever `status.error` says: the API server fills it for every
    /// token that it refuses, so it does not tell a bad token from a fault. An error beside `authenticated: true`
    /// contradicts it and is not believed.
    ///
    /// - Returns: nil where the body is no TokenReview with a status, or vouches for a user without a name.
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
            /// Left out for false.
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
