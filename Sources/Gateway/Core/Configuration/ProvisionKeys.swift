import GatewayPluginAPI

// The keys of `provision` of an endpoint.

struct ProvisionKeys: ConfigurationKeys {
    let serving = Key(
        "serving", .string("a word of the plugin") { _ in true }, alternative: "external", otherwise: "the plugin's",
        "Where the documents are served: see the plugin's page.")
    let accounts = Key(
        "accounts", .namedBlocks("account IDs", example: #""222222222222""#, of: ProvisionedAccountKeys()),
        "Accounts that trust the issuer: each gets the identity provider. Quote the IDs.")
    let roles = Key(
        "roles", .namedBlocks("role names", example: "reports", of: ProvisionedRoleKeys()),
        "Roles of workloads that are made as the last steps.")
}

struct ProvisionedAccountKeys: ConfigurationKeys {
    let profile = Key(
        "profile", .string, example: "workloads", otherwise: "the command's credentials",
        "The profile of the account's credentials.")
    let role = Key(
        "role", .string, example: "provisioner", otherwise: "none",
        "The role that is assumed with these credentials.")
}

struct ProvisionedRoleKeys: ConfigurationKeys {
    let account = Key(
        "account", .string, example: #""222222222222""#, otherwise: "that of the command's credentials",
        "The account of the role, one of `accounts`.")
    let serviceAccounts = Key(
        "serviceAccounts",
        .strings(
            "NAMESPACE/NAME or a list of them", element: .string("NAMESPACE/NAME") { ServiceAccountName($0) != nil }),
        isRequired: true, example: "[billing/reports]", "The ServiceAccounts that may assume the role.")
    let policies = Key(
        "policies", .strings, example: "[read-reports]", otherwise: "none",
        "The policies that are attached to the role.")
    let sessionTags = Key(
        "sessionTags", .boolean, default: false, "Whether sessions may have the token's session tags.")
    let maximumSession = Key(
        "maxSession", .duration(EndpointConfiguration.Provision.sessions), example: "1h",
        otherwise: "the relying party's",
        "The maximum length of a session.")
}

extension EndpointConfiguration.Provision {
    fileprivate static let sessions: ClosedRange<ConfigurationDuration> = .hours(1)...(.hours(12))

    /// Parses the maximum length of a session, such as `1h`, in seconds; nil where it is not from 1 h to 12 h.
    package static func maximumSession(_ text: String) -> Int? {
        ConfigurationDuration(text).flatMap { sessions.contains($0) ? $0.seconds : nil }
    }

    init(_ block: ConfigurationBlock<ProvisionKeys>) {
        serving = block.serving
        accounts = (block.accounts ?? []).map { id, block in
            ProvisioningAccount(id: id, profile: block.profile, role: block.role)
        }
        roles = (block.roles ?? []).map { name, block in
            Role(
                name: name, account: block.account,
                serviceAccounts: (block.serviceAccounts ?? []).compactMap(ServiceAccountName.init),
                policies: block.policies ?? [], allowsSessionTags: block.sessionTags,
                maximumSession: block.maximumSession?.seconds)
        }
    }
}
