public import GatewayPluginAPI

extension GCPProvider {
    /// The keys of a `publish` block: the provider to which the keys are handed over, or a bucket for the documents.
    public struct PublisherSettings: Decodable, Sendable {
        /// The number of the pool's project; by default that of the endpoint's audience, as the next two.
        public let projectNumber: String?
        /// The id of the workload identity pool.
        public let pool: String?
        /// The id of the provider in the pool.
        public let provider: String?
        /// The bucket of the documents; nil to hand over the keys.
        public let bucket: String?
        /// The prefix of the objects' names, before the issuer's path.
        public let prefix: String?
        /// The e-mail address of a service account that `self` impersonates; nil for direct access.
        public let serviceAccount: String?
        /// The sources of access tokens in the order in which they are tried; by default `self`.
        public let credentials: [String]?
        /// The credential configuration of `externalAccount`; by default that of `GOOGLE_APPLICATION_CREDENTIALS`.
        public let credentialsFile: String?
        /// The region of the Security Token Service; nil for the global one.
        public let region: String?
        /// The universe domain; `googleapis.com` by default.
        public let universe: String?
        /// URLs in place of the public ones, for tests.
        public let endpoints: PublisherURLs?
        /// A PEM file of CA certificates to trust in place of the system's.
        public let caFile: String?
    }

    /// URLs of Google's services, without paths.
    public struct PublisherURLs: Decodable, Sendable {
        /// Of the Security Token Service.
        public let sts: String?
        /// Of the IAM API.
        public let iam: String?
        /// Of the IAM Service Account Credentials API.
        public let iamCredentials: String?
        /// Of the Cloud Storage JSON API.
        public let storage: String?
    }

    public static func publisher(
        for endpoint: Endpoint, settings: PublisherSettings
    ) throws(SettingsErrors) -> PublisherPlan? {
        let plan = try PublishPlan(settings, endpoint: endpoint)
        switch plan.target {
        case .provider(let provider):
            return PublisherPlan(location: plan.location, keys: plan.handOver(to: provider))
        case .bucket(let location):
            return PublisherPlan(location: plan.location) { plan.publisher(location, $0) }
        }
    }
}
