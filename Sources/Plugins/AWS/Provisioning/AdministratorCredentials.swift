import GatewayPluginAPI

/// The credentials of the person who runs a command, in the order of the AWS CLI.
enum AdministratorCredentials {
    static func client(_ settings: ProvisioningSettings, _ context: ProvisioningContext) -> AWSClient {
        let authorities = { @Sendable [authorityFile = settings.authorityFile] () throws(PublishError) -> String? in
            guard let authorityFile else { return nil }
            guard let content = try context.files.read(authorityFile),
                let text = String(validating: content, as: UTF8.self)
            else {
                throw PublishError(.misconfigured, "publish.caFile: missing file \(Quotation.of(authorityFile))")
            }
            return text
        }
        let sts = STSClient(endpoint: settings.sts, transport: context.transport, authorities: authorities)
        let imds = IMDSClient(transport: context.transport)
        let sources: [(source: CredentialSource, provider: any CredentialProviding)] = [
            (.environment, EnvironmentCredentials(environment: context.environment)),
            (
                .profile,
                ProfileCredentials(
                    profile: settings.profile, environment: context.environment, files: context.files)
            ),
            (
                .webIdentity,
                WebIdentityCredentials(
                    environment: context.environment, files: context.files, sts: sts, sessionName: "sts-gateway")
            ),
            (
                .container,
                ContainerCredentials(environment: context.environment, files: context.files, client: imds)
            ),
            (.imds, InstanceCredentials(environment: context.environment, client: imds)),
        ]
        return AWSClient(
            transport: context.transport,
            credentials: CredentialCache(sources: sources, now: context.now, logger: context.logger), now: context.now,
            authorities: authorities)
    }
}
