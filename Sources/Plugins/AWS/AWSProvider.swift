public import GatewayPluginAPI
import JOSE

/// Amazon Web Services: roles that trust this gateway's issuer through an IAM OpenID Connect provider
/// (`AssumeRoleWithWebIdentity`).
public struct AWSProvider: ProviderPlugin {
    public static let id: PluginID = PluginID("aws")

    /// The audience and the variables are those of the Amazon EKS Pod Identity Webhook and the AWS SDKs. The lengths are
    /// the limits of `AssumeRoleWithWebIdentity` (WebIdentityToken) and `CreateOpenIDConnectProvider` (Url, ClientIDList).
    public static let defaults = EndpointDefaults(
        audiences: ["sts.amazonaws.com"],
        recognizedAudiences: ["sts.amazonaws.com", "sts.aws.com"],
        injector: .init(
            label: "aws-role", tokenVariable: "AWS_WEB_IDENTITY_TOKEN_FILE", valueVariable: "AWS_ROLE_ARN",
            options: ["region"], exclusiveVariables: ["AWS_ROLE_SESSION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"]),
        algorithms: [.rs256, .rs384, .rs512, .es256, .es384, .es512],
        limits: RelyingPartyLimits(audienceLength: 255, issuerLength: 255, tokenLength: 20_000),
        propagation: KeyPropagation(
            newKey: 7_200, oldKey: .undocumented, evidence: "AWS does not document it; it is minutes in practice."))

    /// The endpoint's `settings` block.
    public struct Settings: Decodable, Sendable {
        /// The value of `AWS_REGION` and `AWS_DEFAULT_REGION` in Pods; nil leaves the variables as they are.
        public let region: String?
        /// The partition of the roles, such as `aws`; nil for that of the region's prefix.
        public let partition: String?
        /// The session tags of tokens by key; values with `{namespace}`, `{saname}` and `{cluster}`. nil for none.
        public let sessionTags: [String: String]?
        /// The keys of tags that survive role chaining.
        public let transitiveTags: [String]?
        /// Whether tokens set the source identity of the session, `<namespace>.<ServiceAccount>`.
        public let sourceIdentity: Bool?
    }

    let region: Region?
    /// Of the roles; nil for any.
    let partition: Partition?
    private let tags: SessionTags

    public init(endpoint: Endpoint, settings: Settings, context: PluginContext) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        // "You can't use the default CloudFront domain name, *.cloudfront.cn, to serve content": CloudFront in China.
        if endpoint.issuer.host.hasSuffix(".cloudfront.cn") {
            errors.append(
                SettingsError(
                    "issuer.host",
                    "\"\(endpoint.issuer.host)\" cannot serve the documents: CloudFront in China serves only your own "
                        + "domain names; use the distribution's alternate domain name"))
        }
        let setting = RegionSetting(
            region: settings.region, partition: settings.partition, block: "settings", errors: &errors)
        tags = SessionTags(settings, errors: &errors)
        try SettingsErrors.check(errors)
        region = setting.region
        partition = setting.partition
    }

    /// The session tags and the source identity, where they are configured.
    public func claims(for workload: WorkloadIdentity) -> PrivateClaims { tags.claims(for: workload) }

    /// The region of the annotation `aws-role-region`; else that of the endpoint.
    private func region(for request: InjectionRequest) throws(InjectionError) -> Region? {
        guard let text = request.options["region"] else { return region }
        if let region = Region(text, in: partition) { return region }
        throw InjectionError(
            "invalid region \(Quotation.of(text)) of the annotation aws-role-region; expected a name such as eu-central-1"
                + (partition.map { " of the partition \($0.rawValue)" } ?? ""))
    }

    /// The annotation is a role ARN. Adds `AWS_ROLE_SESSION_NAME`, and the region's variables where it is configured. Some
    /// SDKs read `AWS_REGION`, boto3 reads `AWS_DEFAULT_REGION`: a container that sets one of them gets neither.
    public func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        let role = try RoleARN(try request.requiredAnnotation())
        let sessionName = RoleSessionName(
            namespace: request.namespace, serviceAccountName: request.serviceAccountName)
        var environment = [PodInjection.EnvironmentVariable("AWS_ROLE_SESSION_NAME", sessionName.rawValue)]
        let region = try region(for: request)
        if let partition = region?.partition ?? partition, role.partition != partition {
            let place = region.map { "region \($0) of this endpoint or Pod is in" } ?? "partition of this endpoint is"
            throw InjectionError(
                "the role \(Quotation.of(role.description)) is in the partition \(role.partition.rawValue), but the "
                    + "\(place) \(partition.rawValue); use a role of that partition")
        }
        if let region {
            for (name, other) in zip(Self.regionVariables, Self.regionVariables.reversed()) {
                environment.append(.init(name, region.rawValue, unlessSet: [other]))
            }
        }
        return PodInjection(
            value: role.description, environment: environment,
            expectedVariables: [
                .init(
                    anyOf: Self.regionVariables,
                    advice:
                        "without a region most calls of the AWS SDKs fail; set one in the Pod, or let the gateway's "
                        + "operator set settings.region of the endpoint")
            ],
            conflictingVariables: [
                .init(
                    anyOf: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
                    advice: "the AWS SDKs use static keys before the token; remove them")
            ])
    }

    static let regionVariables = ["AWS_REGION", "AWS_DEFAULT_REGION"]
}
