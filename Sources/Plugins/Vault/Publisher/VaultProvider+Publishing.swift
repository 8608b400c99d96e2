public import GatewayPluginAPI

extension VaultProvider {
    /// The keys of a `publish` block: a JWT auth mount that holds this endpoint's keys and nothing else.
    public struct PublisherSettings: Decodable, Sendable {
        /// The URL of the server that the gateway reaches.
        public let address: String
        /// The path of the auth mount, without `auth/`; nil for the endpoint's name.
        public let mount: String?
        /// The namespace of the mount.
        public let namespace: String?
        /// The role of the mount that the gateway's own token logs in with; nil for `sts-gateway-publisher`.
        public let role: String?
        /// A file with a token, in place of a login.
        public let tokenFile: String?
        /// A PEM file with CA certificates to trust in place of the system's.
        public let caFile: String?
    }

    public static func publisher(
        for endpoint: Endpoint, settings: PublisherSettings
    ) throws(SettingsErrors) -> PublisherPlan? {
        let plan = try VaultPublishPlan(settings, endpoint: endpoint)
        return PublisherPlan(location: plan.location, keys: plan.handOver)
    }
}
