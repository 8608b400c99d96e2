import GatewayPluginAPI

extension AWSProvider {
    /// The keys of a `publish` block: a bucket, and the CloudFront distribution in front of it.
    public struct PublisherSettings: Decodable, Sendable {
        public let bucket: String
        /// The account that owns the bucket; each S3 call is then rejected where another account owns it.
        public let account: String?
        /// The bucket's region.
        public let region: String
        /// The region's partition, such as `aws`; nil for that of the region's prefix.
        public let partition: String?
        /// The prefix of the object keys, before the issuer's path, such as the distribution's origin path.
        public let prefix: String?
        /// The id of a CloudFront distribution.
        public let distribution: String?
        /// The ARN of the publisher role that `self` assumes.
        public let role: String?
        /// The credential sources in the order in which they are tried; by default `self`.
        public let credentials: [String]?
        public let profile: String?
        /// Overrides of the services' public endpoints.
        public let endpoints: Endpoints?
        /// Whether requests are path-style, with the bucket in the path instead of the host name.
        public let pathStyle: Bool?
        /// The value of `x-amz-server-side-encryption` in each PutObject (S3 API Reference); nil for the bucket's default.
        public let serverSideEncryption: String?
        /// The key of `serverSideEncryption: aws:kms`: its ARN or id; nil for the bucket's key.
        public let kmsKeyId: String?
        /// A PEM file of CA certificates to trust in place of the system's.
        public let caFile: String?

        public struct Endpoints: Decodable, Sendable {
            public let s3: String?
            public let cloudfront: String?
            public let sts: String?
        }
    }
}
