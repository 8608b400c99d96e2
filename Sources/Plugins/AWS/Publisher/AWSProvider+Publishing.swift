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
    /// The bucket and what is before the documents in it, at the service where it is.
    var name: String {
        let service = place.endpoint.map { "\($0.url)/" } ?? "s3://"
        return service + place.bucket.rawValue + (keyPrefix.isEmpty ? "" : "/\(keyPrefix)") + issuerPath
    }

    func open(_ context: PublisherContext) -> any DiscoveryPublisher {
        let authorities = { @Sendable [authorityFile] () throws(PublishError) -> String? in
            guard let authorityFile else { return nil }
            guard let content = try context.files.read(authorityFile) else {
                throw PublishError(.misconfigured, "publish.caFile: there is no file \(Quotation.of(authorityFile))")
            }
            guard let text = String(validating: content, as: UTF8.self) else {
                throw PublishError(.misconfigured, "publish.caFile: \(Quotation.of(authorityFile)) is not UTF-8")
            }
            return text
        }
        let security = SecurityTokenClient(endpoint: tokens, transport: context.transport, authorities: authorities)
        // An administrator at the command line has credentials, and a gateway has its own token.
        let sources = context.isByAdministrator ? CredentialSource.allCases.filter { $0 != .own } : sources
        let credentials = CredentialCache(
            ways: sources.compactMap { source in
                provider(source, context, security).map { (source, $0) }
            }, now: context.now, logger: context.logger)
        let caller = ServiceCaller(
            transport: context.transport, credentials: credentials, now: context.now, authorities: authorities)
        var edge: CloudFrontEdge?
        if let distribution, let cloudFront {
            edge = CloudFrontEdge(
                plan: self,
                client: CloudFrontClient(
                    distribution: distribution, endpoint: cloudFront.endpoint, region: cloudFront.region,
                    caller: caller))
        }
        return S3Publisher(
            plan: self, client: S3Client(place: place, caller: caller), edgeCache: edge,
            maximumAge: context.maximumAge)
    }

    private func provider(
        _ source: CredentialSource, _ context: PublisherContext, _ tokens: SecurityTokenClient
    ) -> (any CredentialProviding)? {
        let call = MetadataCall(transport: context.transport)
        switch source {
        case .own:
            return role.map { role in
                OwnCredentials(
                    role: role, endpoint: endpointName, sessionName: sessionName, tokens: tokens,
                    ownToken: context.ownToken, isOwnKeyPublic: context.isOwnKeyPublic)
            }
        case .environment: return EnvironmentCredentials(environment: context.environment)
        case .profile:
            return ProfileCredentials(profile: profile, environment: context.environment, files: context.files)
        case .webIdentity:
            return WebIdentityCredentials(
                environment: context.environment, files: context.files, tokens: tokens, sessionName: sessionName)
        case .container:
            return ContainerCredentials(environment: context.environment, files: context.files, call: call)
        case .imds: return InstanceCredentials(environment: context.environment, call: call)
        }
    }
}
