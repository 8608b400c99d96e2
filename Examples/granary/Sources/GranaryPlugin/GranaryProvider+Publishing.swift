public import GatewayPluginAPI

extension GranaryProvider {
    /// An endpoint's `publish` block: Granary stores the issuer's documents and registers the issuer in a tenant.
    public struct PublisherSettings: Decodable, Sendable {
        /// The tenant in which the issuer is registered.
        public let tenant: String
        /// The URL of Granary's API; `https://api.granary.example` by default.
        public let url: String?
        /// A file with an API token. Without it the publisher uses a token of the endpoint.
        public let tokenFile: String?
    }

    public static func publisher(
        for endpoint: Endpoint, settings: PublisherSettings
    ) throws(SettingsErrors) -> PublisherPlan? {
        var errors: [SettingsError] = []
        let tenant = Tenant(settings.tenant)
        if tenant == nil { errors.append(Tenant.error("publish.tenant", settings.tenant)) }
        let url = settings.url ?? GranaryAPI.publicURL
        if !GranaryAPI.isURL(url) { errors.append(GranaryAPI.error("publish.url", url)) }
        guard let tenant, errors.isEmpty else { throw SettingsErrors(errors) }
        let location = "\(url)/v1/tenants/\(tenant.name)/issuers/\(endpoint.issuer.host)\(endpoint.issuer.path)"
        return PublisherPlan(location: location) { context in
            GranaryPublisher(location: location, tokenFile: settings.tokenFile, context: context)
        }
    }
}
