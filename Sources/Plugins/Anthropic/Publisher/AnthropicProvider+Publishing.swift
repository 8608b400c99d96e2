public import GatewayPluginAPI

extension AnthropicProvider {
    /// The keys of a `publish` block: a federation issuer that holds this endpoint's keys, and how the gateway may change
    /// it.
    public struct PublisherSettings: Decodable, Sendable {
        /// The id of the federation issuer of this endpoint, `fdis_…`.
        public let federationIssuer: String
        /// The endpoint whose token authorizes the change. Its issuer is another one, in discovery mode.
        public let adminEndpoint: String?
        /// The id of the rule of scope `org:admin` that matches this token, `fdrl_…`.
        public let federationRule: String?
        /// The organization's UUID.
        public let organization: String?
        /// The id of the rule's service account, `svac_…`.
        public let serviceAccount: String?
        /// The id of a workspace, where the rule has several.
        public let workspace: String?
        /// A file with an access token of scope `org:admin`, in place of the exchange.
        public let tokenFile: String?
        /// The URL of the API; nil for the public one.
        public let address: String?
        /// A PEM file with CA certificates to trust in place of the system's.
        public let caFile: String?
    }

    public static func publisher(
        for endpoint: Endpoint, settings: PublisherSettings
    ) throws(SettingsErrors) -> PublisherPlan? {
        let plan = try AnthropicPublishPlan(settings, endpoint: endpoint)
        return PublisherPlan(location: plan.location, keys: plan.handOver)
    }
}
