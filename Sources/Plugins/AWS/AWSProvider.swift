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
            label: "aws-role", tokenVariable: "AWS_WEB_IDENTITY_TOKEN_FILE", valueVariable: "AWS_ROLE_ARN"),
        algorithms: [.rs256, .rs384, .rs512, .es256, .es384, .es512],
        limits: RelyingPartyLimits(audienceLength: 255, issuerLength: 255, tokenLength: 20_000))

    /// The endpoint's `settings` block.
    public struct Settings: Decodable, Sendable {
        /// The value of `AWS_REGION` in Pods; nil leaves the variable as it is.
        public let region: String?
    }

    private let region: Region?

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
        var region: Region?
        if let text = settings.region {
            region = Region(text)
            if region == nil {
                errors.append(
                    SettingsError(
                        "settings.region",
                        "invalid region \(Quotation.of(text)); expected a name such as eu-central-1"))
            }
        }
        try SettingsErrors.check(errors)
        self.region = region
    }

    /// The annotation is a role ARN. Adds `AWS_ROLE_SESSION_NAME`, and `AWS_REGION` where it is configured.
    public func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        let role = try RoleARN(request.annotation)
        let sessionName = RoleSessionName(
            namespace: request.namespace, serviceAccountName: request.serviceAccountName)
        var environment = [PodInjection.EnvironmentVariable("AWS_ROLE_SESSION_NAME", sessionName.rawValue)]
        if let region {
            guard role.partition == region.partition else {
                throw InjectionError(
                    "the role \(Quotation.of(role.description)) is in the partition \(role.partition.rawValue), but the "
                        + "region \(region) of this endpoint is in \(region.partition.rawValue); "
                        + "use a role of that partition")
            }
            environment.append(.init("AWS_REGION", region.rawValue))
        }
        return PodInjection(value: role.description, environment: environment)
    }
}
