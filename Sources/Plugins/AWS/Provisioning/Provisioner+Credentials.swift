import AWSXML
import GatewayPluginAPI

extension Provisioner {
    /// Reads the CAs of `publish.caFile`.
    static func authorities(
        _ file: String?, _ files: any PublisherFiles
    ) -> @Sendable () throws(PublishError) -> String? {
        { () throws(PublishError) -> String? in
            guard let file else { return nil }
            guard let content = try files.read(file), let text = String(validating: content, as: UTF8.self) else {
                throw PublishError(.misconfigured, "publish.caFile: missing file \(Quotation.of(file))")
            }
            return text
        }
    }

    /// A client with the administrator's credentials for an account.
    ///
    /// - Parameter account: whose entry of `provision.accounts` decides; nil for none.
    static func client(
        _ settings: ProvisioningSettings, _ context: ProvisioningContext, account: String?
    ) -> AWSClient {
        let authorities = Self.authorities(settings.authorityFile, context.files)
        let provider = AdministratorCredentials.provider(
            context.administration, account: account, defaultProfile: settings.profile,
            environment: context.environment, files: context.files,
            sts: STSClient(endpoint: settings.sts, transport: context.transport, authorities: authorities),
            now: context.now)
        return AWSClient(
            transport: context.transport,
            credentials: CredentialCache(
                sources: [(.profile, provider)], now: context.now, logger: context.logger), now: context.now,
            authorities: authorities)
    }

    /// The accounts and identities of the credentials (`sts:GetCallerIdentity`).
    ///
    /// - Parameter isRemoval: whether an account that cannot be read is only named, since it counts as one that trusts the
    ///   issuer.
    /// - Throws: where an account is not that of the configuration.
    func identity(isRemoval: Bool = false) async throws(ProvisioningError) -> String {
        let main = try await caller(nil)
        for (key, expected) in [("publish.account", settings.account), ("publish.role", settings.role?.account)] {
            guard let expected, expected != main.account else { continue }
            throw ProvisioningError(
                .permanent,
                "the credentials are those of the account \(main.account), but \(key) is in the account "
                    + "\(expected); use credentials of that account")
        }
        state.update { $0.account = main.account }
        var lines = ["AWS account \(main.account), \(main.arn), region \(settings.region)"]
        for other in others {
            do throws(ProvisioningError) {
                lines.append("AWS account \(other.account), \(try await checkCaller(of: other.account))")
            } catch {
                guard isRemoval else { throw error }
                lines.append("AWS account \(other.account), which cannot be read (\(error))")
            }
        }
        return lines.joined(separator: "; ")
    }

    /// - Returns: the ARN of the identity.
    /// - Throws: where the credentials of an entry of `provision.accounts` are those of another account.
    @discardableResult
    func checkCaller(of account: String) async throws(ProvisioningError) -> String {
        let found = try await caller(account)
        guard found.account == account else {
            throw ProvisioningError(
                .permanent,
                "provision.accounts.\(account): its credentials are those of the account \(found.account); name a "
                    + "profile or a role of \(account)")
        }
        return found.arn
    }

    private func caller(_ account: String?) async throws(ProvisioningError) -> (account: String, arn: String) {
        let client = sts(in: account)
        let found = try await run { () throws(CallFailure) in
            try await client.send(IAMClient.Call("GetCallerIdentity", []), service: "sts")
        }
        guard let account = found["Account"]?.text, AccountID.isValid(account), let arn = found["Arn"]?.text else {
            throw ProvisioningError(.permanent, "sts:GetCallerIdentity: the response has no account")
        }
        return (account, arn)
    }
}
