import GatewayPluginAPI
import JSON

/// What the configuration and the environment say about the resources of an endpoint.
struct ProvisioningSettings: Sendable {
    let region: Region
    /// nil for a bucket that provisioning creates.
    let bucket: BucketName?
    /// nil for a distribution that provisioning creates.
    let distribution: String?
    /// nil for a role that provisioning creates.
    let role: RoleARN?
    /// Without a slash at either end.
    let prefix: String
    let usesPathStyle: Bool
    let authorityFile: String?
    let s3: ServiceEndpoint
    let cloudFront: ServiceEndpoint
    let iam: ServiceEndpoint
    let sts: ServiceEndpoint
    /// The region of the signatures of CloudFront.
    let cloudFrontRegion: String
    let profile: String?
    /// The `endpoints` block of the configuration; from the environment's `AWS_ENDPOINT_URL…` where it has none.
    let overrides: [(name: String, url: String)]
    let certificate: String?
    /// An alternate domain name of the distribution; nil for CloudFront's own.
    let alias: String?
    let serving: IssuerServing
    /// The account of the bucket; nil for that of the credentials.
    let account: String?
    /// Whether the gateway publishes with its own token.
    let usesOwnToken: Bool

    /// - Parameters:
    ///   - isRemoval: whether what exists is removed, which needs no certificate.
    ///   - accounts: `provision.accounts`.
    ///   - profileRegion: the region of the administrator's profile.
    init(
        _ request: ProvisioningRequest, isRemoval: Bool = false, accounts: [ProvisioningAccount] = [],
        profileRegion: String? = nil, environment: (String) -> String?
    ) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        let publish = request.publish
        func given(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        func text(_ json: JSONValue?, _ key: String) -> String? {
            switch json {
            case .none, .null: return nil
            case .string(let text): return text
            default:
                errors.append(SettingsError(key, "invalid value; expected a string"))
                return nil
            }
        }
        let regionText =
            given("AWS_REGION") ?? given("AWS_DEFAULT_REGION") ?? profileRegion
        let configured =
            text(publish?["region"], "publish.region") ?? text(request.settings?["region"], "settings.region")
        let partition = text(publish?["partition"], "publish.partition")
        let setting = RegionSetting(
            region: configured ?? regionText, partition: partition, block: "publish", errors: &errors)
        if configured == nil, regionText == nil {
            errors.append(
                SettingsError(
                    "settings.region", "missing; set it, or name the bucket's region with --region or AWS_REGION"))
        }
        let bucketText = text(publish?["bucket"], "publish.bucket")
        bucket = bucketText.flatMap(BucketName.init)
        if let bucketText, bucket == nil {
            errors.append(
                SettingsError("publish.bucket", "invalid value \(Quotation.of(bucketText)); expected a bucket name"))
        }
        distribution = text(publish?["distribution"], "publish.distribution")
        account = text(publish?["account"], "publish.account")
        if let account, !AccountID.isValid(account) {
            errors.append(SettingsError("publish.account", "invalid value; expected 12 digits in quotation marks"))
        }
        if case .array(let sources) = publish?["credentials"] {
            usesOwnToken = sources.contains("self")
        } else {
            usesOwnToken = true
        }
        serving = IssuerServing(request.serving, &errors)
        Self.check(accounts, request.roles, &errors)
        var role: RoleARN?
        if let roleText = text(publish?["role"], "publish.role") {
            do {
                role = try RoleARN(roleText)
            } catch {
                errors.append(SettingsError("publish.role", "\(error)"))
            }
        }
        self.role = role
        prefix = (text(publish?["prefix"], "publish.prefix") ?? "").split(separator: "/").joined(separator: "/")
        authorityFile = text(publish?["caFile"], "publish.caFile")
        profile = given("AWS_PROFILE") ?? text(publish?["profile"], "publish.profile")
        var overrides: [(name: String, url: String)] = []
        func override(_ name: String, _ variable: String) -> ServiceEndpoint? {
            let key = "publish.endpoints.\(name)"
            let configured = text(publish?["endpoints"]?[name], key)
            guard let url = configured ?? given("AWS_ENDPOINT_URL_\(variable)") ?? given("AWS_ENDPOINT_URL") else {
                return nil
            }
            guard let endpoint = ServiceEndpoint(url) else {
                errors.append(
                    SettingsError(
                        configured == nil ? "AWS_ENDPOINT_URL_\(variable)" : key,
                        "invalid value \(Quotation.of(url)); expected a URL such as https://s3.example.com:9000"))
                return nil
            }
            if name != "iam" { overrides.append((name, url)) }
            return endpoint
        }
        let s3 = override("s3", "S3"), front = override("cloudfront", "CLOUDFRONT")
        let iam = override("iam", "IAM"), sts = override("sts", "STS")
        self.overrides = overrides
        if let region = setting.region, front == nil, region.partition != .commercial, serving == .cloudFront {
            let reason =
                region.partition == .china
                ? "CloudFront in China serves only your own domain names, with an ICP filing"
                : "CloudFront is not available in the partition \(region.partition.rawValue)"
            errors.append(
                SettingsError(
                    "publish.region",
                    "provisioning with CloudFront is not supported in \(region): \(reason). By hand: serve the two documents "
                        + "over HTTPS on a host of yours (docs/plugins/aws.md), set issuer.host to it and "
                        + "provision.serving to external, and run this command again for provider and roles; or set "
                        + "provision.serving to s3"))
        }
        if serving != .cloudFront {
            alias = nil
            errors += Self.problems(of: serving, request, prefix: prefix, bucket: bucket)
        } else if let host = request.host, !host.hasSuffix(".cloudfront.net") {
            alias = host
            if request.certificate == nil, publish?["distribution"] == nil, !isRemoval {
                errors.append(
                    SettingsError(
                        "issuer.host",
                        "\(Quotation.of(host)) needs a certificate of ACM in us-east-1; name its ARN with --certificate, "
                            + "or remove issuer.host"))
            }
        } else {
            alias = nil
            if request.certificate != nil {
                errors.append(
                    SettingsError(
                        "issuer.host", "--certificate needs an alternate domain name; set issuer.host to it"))
            }
        }
        certificate = request.certificate
        if request.audiences.isEmpty { errors.append(SettingsError("audience", "missing required key")) }
        guard let region = setting.region, errors.isEmpty else { throw SettingsErrors(errors) }
        self.region = region
        let domain = region.partition.domain
        let globalFront = region.partition.cloudFront ?? ("cloudfront.\(domain)", "us-east-1")
        self.s3 = s3 ?? ServiceEndpoint(host: "s3.\(region).\(domain)")
        cloudFront = front ?? ServiceEndpoint(host: globalFront.0)
        cloudFrontRegion = globalFront.1
        self.iam = iam ?? ServiceEndpoint(host: region.partition.iam.host)
        self.sts = sts ?? ServiceEndpoint(host: "sts.\(region).\(domain)")
        if case .bool(let isPathStyle) = publish?["pathStyle"] {
            usesPathStyle = isPathStyle
        } else {
            usesPathStyle = s3?.isAddress ?? false
        }
    }
}
