import GatewayPluginAPI
import JSON

/// The credential configuration of the type `external_account`, which Google's client libraries read (AIP-4117).
struct CredentialConfiguration {
    let provider: PoolProvider
    let services: GoogleServices
    /// Seconds; nil for the client libraries' default.
    let impersonationLifetime: Int?

    /// - Parameter account: the service account to impersonate; nil for direct access.
    func json(tokenFile: String, account: ServiceAccountAddress?) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("type", "external_account"),
            .init("audience", .string(provider.resourceName)),
            .init("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            .init("token_url", .string(services.tokenURL)),
            .init("credential_source", ["file": .string(tokenFile), "format": ["type": "text"]]),
        ]
        if let universe = services.universe { members.append(.init("universe_domain", .string(universe))) }
        if let account {
            members.append(
                .init(
                    "service_account_impersonation_url",
                    .string(
                        "\(services.iamCredentials)/v1/projects/-/serviceAccounts/\(account.rawValue):generateAccessToken"
                    )))
            if let impersonationLifetime {
                members.append(
                    .init(
                        "service_account_impersonation",
                        ["token_lifetime_seconds": .integer(impersonationLifetime)]))
            }
        }
        return .object(members)
    }
}

/// The e-mail address of a service account, such as `web@my-project.iam.gserviceaccount.com`.
struct ServiceAccountAddress: Equatable {
    let rawValue: String

    /// A text that stands for an address.
    init(placeholder: String) { rawValue = placeholder }

    init(_ text: String) throws(InjectionError) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...63).contains(parts[0].utf8.count), parts[0].utf8.allSatisfy(ResourceID.isOfID),
            (1...190).contains(parts[1].utf8.count), parts[1].hasSuffix(".gserviceaccount.com"),
            Issuer(host: String(parts[1]), path: "")?.host == String(parts[1])
        else {
            throw InjectionError(
                "invalid service account \(Quotation.of(text)); expected its e-mail address, such as "
                    + "web@my-project.iam.gserviceaccount.com")
        }
        rawValue = text
    }
}
