import GatewayPluginAPI

extension AWSProvider {
    /// The keys of a `publish` block: a bucket, and the distribution in front of it.
    public struct PublisherSettings: Decodable, Sendable {
        public let bucket: String
        /// The bucket's.
        public let region: String
        /// What goes before the issuer's path in the objects' keys, such as the distribution's origin path.
        public let prefix: String?
        /// The id of a CloudFront distribution.
        public let distribution: String?
        /// The publisher role that `self` assumes.
        public let role: String?
        /// In this order; by default `self`.
        public let credentials: [String]?
        public let profile: String?
        /// Where the services are called, in place of their public addresses.
        public let endpoints: Endpoints?
        /// Whether the bucket is in the path and not in the host name.
        public let pathStyle: Bool?
        /// A PEM file of authorities to trust in place of the system's.
        public let caFile: String?

        public struct Endpoints: Decodable, Sendable {
            public let s3: String?
            public let cloudfront: String?
            public let sts: String?
        }
    }
}
