import CloudAPI
public import GatewayPluginAPI

extension AzureProvider {
    /// The keys of a `publish` block: a container of Blob Storage that serves the documents.
    public struct PublisherSettings: Decodable, Sendable {
        /// The name of the storage account.
        public let account: String
        /// The container; nil for that of the static website, `$web`.
        public let container: String?
        /// The prefix of the blobs' names, before the issuer's path.
        public let prefix: String?
        /// The id of the tenant, a UUID.
        public let tenant: String
        /// The client id of the app or the managed identity that publishes.
        public let client: String?
        /// The credential sources in the order in which they are tried; by default `self`.
        public let credentials: [String]?
        /// `global` (default), `usgov` or `china`.
        public let cloud: String?
        /// Overrides of the services' public endpoints.
        public let endpoints: Endpoints?
        /// A PEM file of CA certificates to trust in place of the system's.
        public let caFile: String?

        public struct Endpoints: Decodable, Sendable {
            /// Of Blob Storage, without the container.
            public let blob: String?
            /// Of Microsoft Entra.
            public let authority: String?
        }
    }

    public static func publisher(
        for endpoint: Endpoint, settings: PublisherSettings
    ) throws(SettingsErrors) -> PublisherPlan? {
        let plan = try BlobPublishPlan(settings, for: endpoint)
        return PublisherPlan(location: plan.location) { plan.open($0) }
    }
}

extension BlobPublishPlan {
    func open(_ context: PublisherContext) -> any DiscoveryPublisher {
        let service = JSONService(
            transport: context.transport, authorities: JSONService.authorities(file: authorityFile, context.files),
            referenceField: "x-ms-request-id")
        let endpoint = EntraTokenEndpoint(
            authority: authority, tenant: tenant.rawValue, service: service, now: context.now)
        let sources: [any AccessTokenSource] =
            context.administration.map { administration in
                [
                    AdministratorTokens(
                        resource: Cloud.storage, endpoint: endpoint, environment: context.environment,
                        files: context.files, programs: administration.programs)
                ]
            } ?? self.sources.map { source($0, endpoint, context) }
        return BlobPublisher(
            plan: self,
            client: BlobClient(
                transport: context.transport, authorities: JSONService.authorities(file: authorityFile, context.files),
                tokens: AccessTokenCache(sources: sources, now: context.now, logger: context.logger), now: context.now),
            maximumAge: context.maximumAge)
    }

    private func source(
        _ source: CredentialSource, _ endpoint: EntraTokenEndpoint, _ context: PublisherContext
    ) -> any AccessTokenSource {
        switch source {
        case .selfIssued:
            return SelfIssuedTokens(
                client: client?.rawValue ?? "", endpointName: endpointName, endpoint: endpoint,
                resource: Cloud.storage, ownToken: context.ownToken, isOwnKeyPublic: context.isOwnKeyPublic)
        case .environment:
            return EnvironmentTokens(environment: context.environment, endpoint: endpoint, resource: Cloud.storage)
        case .workloadIdentity:
            return WorkloadIdentityTokens(
                environment: context.environment, files: context.files, endpoint: endpoint, resource: Cloud.storage)
        case .managedIdentity:
            return ManagedIdentityTokens(
                environment: context.environment, service: JSONService(transport: context.transport), now: context.now,
                resource: Cloud.storage, client: client?.rawValue)
        }
    }
}
