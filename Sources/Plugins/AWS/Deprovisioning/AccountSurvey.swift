import AWSXML
import GatewayPluginAPI
import JSON

/// The OIDC providers and roles of one account that name the issuer.
struct AccountSurvey: Sendable {
    /// An OIDC provider whose URL has a host of the documents.
    struct Provider: Sendable {
        let arn: String
        let tags: [ResourceTag]
        let ownership: ProvisionedNames.Ownership

        /// The issuer's URL without its scheme.
        var issuer: String { AccountSurvey.issuer(ofProvider: arn) ?? "" }
    }

    /// A role whose trust policy names such a provider, or which is the publisher role.
    struct Role: Sendable {
        let name: String
        let arn: String
        let trust: PolicyDocument?
        let ownership: ProvisionedNames.Ownership
    }

    let account: String
    let iam: IAMClient
    let providers: [Provider]
    let roles: [Role]

    /// The issuer of an OIDC provider's ARN, without its scheme; nil for another ARN.
    static func issuer(ofProvider arn: String) -> String? {
        arn.firstRange(of: ":oidc-provider/").map { String(arn[$0.upperBound...]) }
    }
}

extension Deprovisioner {
    /// What was read of an account, or why it cannot be read.
    struct Reading: Sendable {
        let account: String
        let survey: Result<AccountSurvey, ProvisioningError>
    }

    /// Reads all accounts. One that cannot be read is a failure in the result; a transient error is thrown.
    func surveys() async throws(ProvisioningError) -> [Reading] {
        let issuers = try await issuers()
        var readings: [Reading] = []
        for access in accounts {
            do throws(ProvisioningError) {
                readings.append(
                    Reading(account: access.account, survey: .success(try await survey(access, issuers))))
            } catch {
                guard error.kind == .permanent else { throw error }
                readings.append(Reading(account: access.account, survey: .failure(error)))
            }
        }
        return readings
    }

    private func survey(
        _ access: AccountAccess, _ issuers: IssuerNames
    ) async throws(ProvisioningError) -> AccountSurvey {
        let iam = try await access.iam()
        let listed = try await run { () throws(CallFailure) in
            try await iam.send(IAMClient.Call("ListOpenIDConnectProviders", []))
        }
        var providers: [AccountSurvey.Provider] = []
        for element in listed["OpenIDConnectProviderList"]?.children ?? [] {
            guard let arn = element["Arn"]?.text, let issuer = AccountSurvey.issuer(ofProvider: arn) else { continue }
            let isServed = issuers.serve(issuer)
            guard isServed || !issuers.isHostKnown else { continue }
            let found = try await run { () throws(CallFailure) in
                try await iam.find(
                    IAMClient.Call("GetOpenIDConnectProvider", on: arn, [("OpenIDConnectProviderArn", arn)]))
            }
            guard let found else { continue }
            let tags = (found["Tags"]?.children ?? []).compactMap(ResourceTag.init)
            let ownership = names.ownership(of: tags)
            guard isServed || ownership == .ours else { continue }
            providers.append(.init(arn: arn, tags: tags, ownership: ownership))
        }
        let known = Set(providers.map(\.arn))
        let roles = try await roles(iam) { arn in
            known.contains(arn) || (AccountSurvey.issuer(ofProvider: arn).map(issuers.serve) ?? false)
        }
        return AccountSurvey(account: access.account, iam: iam, providers: providers, roles: roles)
    }

    private func roles(
        _ iam: IAMClient, _ isOfIssuer: (String) -> Bool
    ) async throws(ProvisioningError) -> [AccountSurvey.Role] {
        let listed = try await run { () throws(CallFailure) in
            try await iam.list(IAMClient.Call("ListRoles", []), "Roles")
        }
        var roles: [AccountSurvey.Role] = []
        for element in listed {
            guard let name = element["RoleName"]?.text else { continue }
            let trust = Self.trust(element)
            guard name == provisioner.roleName || Self.trusts(trust, isOfIssuer) else { continue }
            // ListRoles returns no tags.
            let found = try await run { () throws(CallFailure) in
                try await iam.find(IAMClient.Call("GetRole", on: name, [("RoleName", name)]))
            }
            guard let role = found?["Role"], let arn = role["Arn"]?.text else { continue }
            roles.append(
                AccountSurvey.Role(
                    name: name, arn: arn, trust: Self.trust(role),
                    ownership: names.ownership(of: (role["Tags"]?.children ?? []).compactMap(ResourceTag.init))))
        }
        return roles
    }

    private static func trust(_ role: XMLElement) -> PolicyDocument? {
        role["AssumeRolePolicyDocument"].flatMap { PolicyDocument(parsing: Array(IAMClient.policy($0.text).utf8)) }
    }

    /// Whether a statement other than `Deny` may accept tokens of such a provider. A policy that cannot be parsed counts
    /// as one that does.
    static func trusts(_ policy: PolicyDocument?, _ isOfIssuer: (String) -> Bool) -> Bool {
        guard let policy else { return true }
        return policy.statements.contains { statement in
            guard statement["Effect"] != .string("Deny") else { return false }
            guard let principal = statement["Principal"] else { return true }
            if values(principal).contains("*") { return allowsWebIdentity(statement) }
            return values(principal["Federated"]).contains { $0 == "*" || isOfIssuer($0) }
        }
    }

    private static func allowsWebIdentity(_ statement: JSONValue) -> Bool {
        guard let action = statement["Action"] else { return true }
        return values(action).contains { action in
            let action = action.lowercased()
            guard let end = action.firstIndex(where: { "*?".contains($0) }) else {
                return action == "sts:assumerolewithwebidentity"
            }
            return "sts:assumerolewithwebidentity".hasPrefix(action[..<end])
        }
    }

    private static func values(_ json: JSONValue?) -> [String] {
        switch json {
        case .string(let text): [text]
        case .array(let values): values.flatMap { Self.values($0) }
        default: []
        }
    }
}
