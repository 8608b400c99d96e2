public import GatewayPluginAPI

extension AWSProvider {
    public static func publisher(
        for endpoint: Endpoint, settings: PublisherSettings
    ) throws(SettingsErrors) -> PublisherPlan? {
        let plan = try PublishPlan(settings, for: endpoint)
        return PublisherPlan(location: plan.name) { plan.open($0) }
    }
}

extension PublishPlan {
    /// The URL of the documents' common prefix: the S3 location, or below the override of the endpoint.
    var name: String {
        let service = location.endpoint.map { "\($0.url)/" } ?? "s3://"
        return service + location.bucket.rawValue + (keyPrefix.isEmpty ? "" : "/\(keyPrefix)") + issuerPath
    }

    func open(_ context: PublisherContext) -> any DiscoveryPublisher {
        let authorities = { @Sendable [authorityFile] () throws(PublishError) -> String? in
            guard let authorityFile else { return nil }
            guard let content = try context.files.read(authorityFile) else {
                throw PublishError(.misconfigured, "publish.caFile: missing file \(Quotation.of(authorityFile))")
            }
            guard let text = String(validating: content, as: UTF8.self) else {
                throw PublishError(.misconfigured, "publish.caFile: \(Quotation.of(authorityFile)) is not UTF-8")
            }
            return text
        }
        let sts = STSClient(endpoint: stsEndpoint, transport: context.transport, authorities: authorities)
        // An administrator at the command line has credentials; only a gateway issues itself a token.
        let administrator = context.administration.map { administration in
            AdministratorCredentials.provider(
                administration, account: location.account ?? role?.account, defaultProfile: profile,
                environment: context.environment,
                files: context.files, sts: sts, now: context.now)
        }
        let own = sources.compactMap { source in provider(source, context, sts).map { (source, $0) } }
        let credentials = CredentialCache(
            sources: administrator.map { [(.profile, $0)] } ?? own, now: context.now, logger: context.logger)
        let client = AWSClient(
            transport: context.transport, credentials: credentials, now: context.now, authorities: authorities)
        var edge: CloudFrontCache?
        if let distribution, let cloudFront {
            edge = CloudFrontCache(
                plan: self,
                client: CloudFrontClient(
                    distribution: distribution, endpoint: cloudFront.endpoint, region: cloudFront.region,
                    client: client))
        }
        return S3Publisher(
            plan: self, client: S3Client(location: location, client: client), edgeCache: edge,
            maximumAge: context.maximumAge)
    }

    private func provider(
        _ source: CredentialSource, _ context: PublisherContext, _ sts: STSClient
    ) -> (any CredentialProviding)? {
        let client = IMDSClient(transport: context.transport)
        switch source {
        case .selfIssued:
            return role.map { role in
                SelfIssuedCredentials(
                    role: role, endpoint: endpointName, sessionName: sessionName, sts: sts,
                    ownToken: context.ownToken, isOwnKeyPublic: context.isOwnKeyPublic)
            }
        case .environment: return EnvironmentCredentials(environment: context.environment)
        case .profile:
            return ProfileCredentials(profile: profile, environment: context.environment, files: context.files)
        case .webIdentity:
            return WebIdentityCredentials(
                environment: context.environment, files: context.files, sts: sts, sessionName: sessionName)
        case .container:
            return ContainerCredentials(environment: context.environment, files: context.files, client: client)
        case .imds: return InstanceCredentials(environment: context.environment, client: client)
        }
    }
}
