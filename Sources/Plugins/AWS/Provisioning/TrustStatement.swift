import JSON

/// A statement of a trust policy that allows `sts:AssumeRoleWithWebIdentity` with tokens of one issuer, bound to `aud` and
/// `sub` (IAM User Guide, "Create a role for OpenID Connect federation").
struct TrustStatement: Sendable {
    var sid: String?
    /// The ARN of the IAM OIDC provider.
    let provider: String
    /// The issuer without its scheme.
    let issuer: String
    let audiences: [String]
    let subjects: [String]
    /// Whether the token's session tags are accepted.
    var allowsSessionTags = false
    /// Whether the token's source identity is accepted.
    var allowsSourceIdentity = false

    var json: JSONValue {
        var members: [JSONValue.Member] = []
        if let sid { members.append(.init("Sid", .string(sid))) }
        var actions: [JSONValue] = ["sts:AssumeRoleWithWebIdentity"]
        if allowsSessionTags { actions.append("sts:TagSession") }
        if allowsSourceIdentity { actions.append("sts:SetSourceIdentity") }
        members += [
            .init("Effect", "Allow"), .init("Principal", ["Federated": .string(provider)]),
            .init("Action", Self.single(actions)),
            .init(
                "Condition",
                .object([
                    .init(
                        "StringEquals",
                        .object([
                            .init("\(issuer):aud", Self.single(audiences.map(JSONValue.string))),
                            .init("\(issuer):sub", Self.single(subjects.map(JSONValue.string))),
                        ]))
                ])),
        ]
        return .object(members)
    }

    private static func single(_ values: [JSONValue]) -> JSONValue {
        values.count == 1 ? values[0] : .array(values)
    }
}
