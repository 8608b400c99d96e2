import JSON

/// The user of a request or a review.
struct APIUser: Sendable {
    let username: String
    let uid: String?
    let groups: [String]
    var extra: [JSONValue.Member] = []

    static let anonymous = APIUser(username: "system:anonymous", uid: nil, groups: ["system:unauthenticated"])

    static func serviceAccount(namespace: String, name: String, uid: String?, extra: [JSONValue.Member] = []) -> APIUser
    {
        APIUser(
            username: "system:serviceaccount:\(namespace):\(name)", uid: uid,
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"],
            extra: extra)
    }

    /// `status.user` of a TokenReview.
    var json: JSONValue {
        var members: [JSONValue.Member] = [.init("username", .string(username))]
        if let uid { members.append(.init("uid", .string(uid))) }
        members.append(.init("groups", .array(groups.map(JSONValue.string))))
        if !extra.isEmpty { members.append(.init("extra", .object(extra))) }
        return .object(members)
    }
}
