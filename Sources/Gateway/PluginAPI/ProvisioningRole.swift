/// A role of workloads at the relying party.
public struct ProvisioningRole: Sendable, Equatable {
    /// The role's name.
    public let name: String
    /// The account of the role; nil for that of the command's credentials.
    public let account: String?
    /// The `sub` of the tokens that may assume it.
    public let subjects: [String]
    /// The identifiers of the policies that are attached to it.
    public let policies: [String]
    /// Whether sessions may have tags of the token.
    public let allowsSessionTags: Bool
    /// The maximum length of a session, in seconds; nil for the relying party's default.
    public let maximumSession: Int?

    /// Creates a role from its parts; nothing is checked.
    public init(
        name: String, account: String? = nil, subjects: [String], policies: [String] = [],
        allowsSessionTags: Bool = false, maximumSession: Int? = nil
    ) {
        self.name = name
        self.account = account
        self.subjects = subjects
        self.policies = policies
        self.allowsSessionTags = allowsSessionTags
        self.maximumSession = maximumSession
    }
}

/// Who could assume a role.
public struct ProvisioningCheck: Sendable, Equatable {
    /// The role, human-readable.
    public let resource: String
    /// Who could assume it, in one line.
    public let summary: String
    /// What makes the role wider than intended.
    public let errors: [String]

    /// Creates a result.
    public init(resource: String, summary: String, errors: [String]) {
        self.resource = resource
        self.summary = summary
        self.errors = errors
    }
}
