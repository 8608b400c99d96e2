import GatewayPluginAPI

/// A `publish` block that is good.
struct PublishPlan: Sendable {
    let place: S3Client.Place
    /// Before the issuer's path; without a slash at an end.
    let keyPrefix: String
    /// Below the issuer's URL; escaped.
    let issuerPath: String
    let distribution: String?
    let cloudFront: (endpoint: ServiceEndpoint, region: String)?
    let tokens: ServiceEndpoint
    let role: RoleARN?
    let sources: [CredentialSource]
    let profile: String?
    let authorityFile: String?
    let sessionName: String
    let endpointName: String

    init(_ settings: AWSProvider.PublisherSettings, for endpoint: Endpoint) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        func refuse(_ key: String, _ value: String, _ wanted: String) {
            errors.append(SettingsError("publish.\(key)", "\(Quotation.of(value)) does not fit; write \(wanted)"))
        }
        func override(_ key: String, _ value: String?) -> ServiceEndpoint? {
            guard let value else { return nil }
            let override = ServiceEndpoint(value)
            if override == nil { refuse("endpoints.\(key)", value, "a URL such as https://s3.example.com:9000") }
            return override
        }
        let bucket = BucketName(settings.bucket)
        if bucket == nil {
            refuse("bucket", settings.bucket, "a bucket's name: 3 to 63 lower-case letters, digits, \".\" and \"-\"")
        }
        let region = Region(settings.region)
        if region == nil { refuse("region", settings.region, "the bucket's region, as in eu-central-1") }
        let prefix = settings.prefix ?? ""
        let trimmed = prefix.split(separator: "/", omittingEmptySubsequences: true).joined(separator: "/")
        if prefix.utf8.count > 256 || !prefix.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            || prefix.split(separator: "/").contains(where: { $0 == "." || $0 == ".." })
        {
            refuse("prefix", prefix, "printable ASCII without . and .., 256 characters at most, such as issuers/one")
        }
        let s3 = override("s3", settings.endpoints?.s3)
        let sts = override("sts", settings.endpoints?.sts)
        let front = override("cloudfront", settings.endpoints?.cloudfront)
        if let distribution = settings.distribution,
            !(1...64).contains(distribution.utf8.count)
                || !distribution.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) })
        {
            refuse("distribution", distribution, "a distribution's id, as in E1BKYHE1TT8Z10")
        }
        if settings.distribution != nil, region?.partition == .govCloud, front == nil {
            errors.append(
                SettingsError("publish.distribution", "cannot be, for CloudFront is not in GovCloud; leave it out"))
        }
        var sources: [CredentialSource] = []
        for word in settings.credentials ?? ["self"] {
            guard let source = CredentialSource(rawValue: word), !sources.contains(source) else {
                let words = CredentialSource.allCases.map(\.rawValue).joined(separator: ", ")
                refuse("credentials", word, "each once of \(words)")
                continue
            }
            sources.append(source)
        }
        if settings.credentials?.isEmpty ?? false {
            errors.append(SettingsError("publish.credentials", "is empty; write [self], or leave it out"))
        }
        var role: RoleARN?
        if let text = settings.role {
            do {
                role = try RoleARN(text)
            } catch {
                errors.append(SettingsError("publish.role", "\(error)"))
            }
            if let role, let region, role.partition != region.partition {
                refuse("role", text, "a role of the region's partition, \(region.partition.rawValue)")
            }
        } else if sources.contains(.own) {
            errors.append(
                SettingsError(
                    "publish.role", "is missing, and credentials has self; write the ARN of the publisher role"))
        }
        guard let bucket, let region, errors.isEmpty else { throw SettingsErrors(errors) }
        place = S3Client.Place(
            bucket: bucket, region: region, endpoint: s3, usesPathStyle: settings.pathStyle ?? s3?.isAddress ?? false)
        keyPrefix = trimmed
        issuerPath = endpoint.issuer.path
        distribution = settings.distribution
        cloudFront =
            front.map { ($0, region.partition.cloudFront?.region ?? "us-east-1") }
            ?? region.partition.cloudFront.map { (ServiceEndpoint(host: $0.host), $0.region) }
        tokens = sts ?? ServiceEndpoint(host: "sts.\(region).\(region.partition.domain)")
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
