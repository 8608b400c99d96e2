import CloudAPI
import GatewayPluginAPI

/// A validated `publish` block.
struct PublishPlan: Sendable {
    let location: S3Client.Location
    /// The prefix of the object keys, before the issuer's path; without a slash at either end.
    let keyPrefix: String
    /// The path of the issuer's URL.
    let issuerPath: String
    /// nil for the bucket's default.
    let encryption: ServerSideEncryption?
    let distribution: String?
    let cloudFront: (endpoint: ServiceEndpoint, region: String)?
    let stsEndpoint: ServiceEndpoint
    let role: RoleARN?
    let sources: [CredentialSource]
    let profile: String?
    let authorityFile: String?
    let sessionName: String
    let endpointName: String

    init(_ settings: AWSProvider.PublisherSettings, for endpoint: Endpoint) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        func reject(_ key: String, _ value: String, _ expected: String) {
            errors.append(SettingsError("publish.\(key)", "invalid value \(Quotation.of(value)); expected \(expected)"))
        }
        func override(_ key: String, _ value: String?) -> ServiceEndpoint? {
            guard let value else { return nil }
            let override = ServiceEndpoint(value)
            if override == nil { reject("endpoints.\(key)", value, "a URL such as https://s3.example.com:9000") }
            return override
        }
        let bucket = BucketName(settings.bucket)
        if let account = settings.account, !AccountID.isValid(account) {
            reject("account", account, "12 digits in quotation marks")
        }
        if bucket == nil {
            reject(
                "bucket", settings.bucket,
                "a bucket name: 3 to 63 lower-case letters, digits, \".\" and \"-\", and not an IPv4 address")
        }
        if settings.endpoints?.s3 == nil, let part = bucket?.reservedPart {
            reject("bucket", settings.bucket, "a bucket name without \"\(part)\", which S3 reserves")
        }
        let region = RegionSetting(
            region: settings.region, partition: settings.partition, block: "publish", errors: &errors
        ).region
        let prefix = settings.prefix ?? ""
        let trimmed = prefix.split(separator: "/", omittingEmptySubsequences: true).joined(separator: "/")
        if prefix.utf8.count > 256 || !prefix.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            || prefix.split(separator: "/").contains(where: { $0 == "." || $0 == ".." })
        {
            reject("prefix", prefix, "printable ASCII without . and .., 256 characters at most, such as issuers/one")
        }
        let s3 = override("s3", settings.endpoints?.s3)
        let sts = override("sts", settings.endpoints?.sts)
        let front = override("cloudfront", settings.endpoints?.cloudfront)
        if let distribution = settings.distribution,
            !(1...64).contains(distribution.utf8.count)
                || !distribution.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) })
        {
            reject("distribution", distribution, "a distribution id such as E1BKYHE1TT8Z10")
        }
        if settings.distribution != nil, front == nil, let region, region.partition.cloudFront == nil {
            errors.append(
                SettingsError(
                    "publish.distribution",
                    "not supported: CloudFront is not available in the partition \(region.partition.rawValue); "
                        + "remove the key"))
        }
        encryption = ServerSideEncryption(
            algorithm: settings.serverSideEncryption, key: settings.kmsKeyId, errors: &errors)
        let sources = CredentialChoice.read(settings.credentials, standard: CredentialSource.selfIssued, &errors)
        var role: RoleARN?
        if let text = settings.role {
            do {
                role = try RoleARN(text)
            } catch {
                errors.append(SettingsError("publish.role", "\(error)"))
            }
            if let role, let region, role.partition != region.partition {
                reject("role", text, "a role of the region's partition, \(region.partition.rawValue)")
            }
        } else if sources.contains(.selfIssued) {
            errors.append(
                SettingsError(
                    "publish.role",
                    "missing required key, because credentials has self; write the ARN of the publisher role"))
        }
        guard let bucket, let region, errors.isEmpty else { throw SettingsErrors(errors) }
        location = S3Client.Location(
            bucket: bucket, region: region, endpoint: s3, usesPathStyle: settings.pathStyle ?? s3?.isAddress ?? false,
            account: settings.account)
        keyPrefix = trimmed
        issuerPath = endpoint.issuer.path
        distribution = settings.distribution
        cloudFront =
            front.map { ($0, region.partition.cloudFront?.region ?? "us-east-1") }
            ?? region.partition.cloudFront.map { (ServiceEndpoint(host: $0.host), $0.region) }
        stsEndpoint = sts ?? ServiceEndpoint(host: "sts.\(region).\(region.partition.domain)")
        self.role = role
        self.sources = sources
        profile = settings.profile
        authorityFile = settings.caFile
        sessionName =
            RoleSessionName(namespace: "sts-gateway", serviceAccountName: "\(endpoint.cluster).\(endpoint.name)")
            .rawValue
        endpointName = endpoint.name
    }
}
