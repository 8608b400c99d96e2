public import GatewayPluginAPI
import JOSE
import JSON

/// Google Cloud: a provider of a workload identity pool trusts the endpoint's issuer (workload identity federation), and
/// the client libraries of a Pod exchange the token by a credential configuration of the type `external_account`.
public struct GCPProvider: ProviderPlugin {
    public static let id: PluginID = PluginID("gcp")

    /// RS256 and ES256 are those of the `subjectToken` of the Security Token Service API; 256 is the length of an element
    /// of `allowedAudiences`, and 127 bytes that of `google.subject` (IAM API, WorkloadIdentityPoolProvider).
    public static let defaults = EndpointDefaults(
        injector: .init(
            label: "gcp-service-account", annotation: .optional, tokenVariable: nil, valueVariable: nil,
            exclusiveVariables: ["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"]),
        algorithms: [.rs256, .es256],
        limits: RelyingPartyLimits(audiences: 1, audienceLength: 256, subjectLength: 127),
        propagation: KeyPropagation(
            newKey: 3_600, oldKey: .undocumented,
            evidence: "Google does not document it; operators report 5 to 10 minutes."))

    /// The endpoint's `settings` block.
    public struct Settings: Decodable, Sendable {
        /// The number of the pool's project.
        public let projectNumber: String
        /// The id of the workload identity pool.
        public let pool: String
        /// The id of the provider in the pool.
        public let provider: String
        /// The value of `GOOGLE_CLOUD_PROJECT` in Pods: the id of the project that they use.
        public let project: String?
        /// The region of the Security Token Service; nil for the global one.
        public let region: String?
        /// The universe domain; `googleapis.com` by default.
        public let universe: String?
        /// The lifetime of an impersonated service account's token, in seconds.
        public let impersonationLifetime: Int?
        /// URLs in place of the public ones, for tests.
        public let endpoints: ServiceURLs?
    }

    /// URLs of Google's services.
    public struct ServiceURLs: Decodable, Sendable {
        /// Of the Security Token Service, without a path.
        public let sts: String?
        /// Of the IAM Service Account Credentials API, without a path.
        public let iamCredentials: String?
    }

    let configuration: CredentialConfiguration
    let project: String?

    /// The provider's resource name with `https:`, which Google accepts as `aud` without a list of allowed audiences.
    public static func audiences(for settings: Settings) -> [String] {
        var errors: [SettingsError] = []
        return PoolProvider(settings, errors: &errors).map { ["https:" + $0.resourceName] } ?? []
    }

    /// The resource names of providers, with and without `https:`.
    public static func recognizes(_ audience: String) -> Bool { PoolProvider.isResourceName(audience) }

    public init(endpoint: Endpoint, settings: Settings, context: PluginContext) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        let provider = PoolProvider(settings, errors: &errors)
        if let provider {
            for audience in endpoint.audiences where PoolProvider.isResourceName(audience) {
                let expected = "https:" + provider.resourceName
                if audience != expected, audience != provider.resourceName {
                    errors.append(
                        SettingsError(
                            "audience",
                            "\(Quotation.of(audience, limit: 200)) is that of another provider; expected "
                                + "\(Quotation.of(expected, limit: 200)), or one of the provider's allowed audiences"))
                }
            }
        }
        let project = settings.project
        if let project, !ResourceID.isProject(project) {
            errors.append(
                SettingsError(
                    "settings.project",
                    "invalid project \(Quotation.of(project)); expected the id of a project, such as my-project-123"))
        }
        let services = GoogleServices(
            universe: settings.universe, region: settings.region,
            overrides: ["sts": settings.endpoints?.sts, "iamCredentials": settings.endpoints?.iamCredentials],
            block: "settings", errors: &errors)
        if let lifetime = settings.impersonationLifetime, !(600...43_200).contains(lifetime) {
            errors.append(
                SettingsError(
                    "settings.impersonationLifetime", "invalid number \(lifetime); expected 600 to 43200 seconds"))
        }
        guard let provider, errors.isEmpty else { throw SettingsErrors(errors) }
        self.project = project
        configuration = CredentialConfiguration(
            provider: provider, services: services, impersonationLifetime: settings.impersonationLifetime)
    }

    /// The annotation is the e-mail address of a service account to impersonate; a Pod without one accesses resources
    /// directly, as the principal of its subject.
    public func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        let account = try request.annotation.map { (text) throws(InjectionError) in try ServiceAccountAddress(text) }
        var environment: [PodInjection.EnvironmentVariable] = []
        if let project {
            environment.append(.init("GOOGLE_CLOUD_PROJECT", project, unlessSet: ["GCLOUD_PROJECT"]))
        }
        return PodInjection(
            environment: environment,
            files: [
                .init(
                    name: "credentials.json",
                    contents: configuration.json(tokenFile: request.tokenFile, account: account).text,
                    variable: "GOOGLE_APPLICATION_CREDENTIALS")
            ],
            expectedVariables: project == nil
                ? [
                    .init(
                        anyOf: ["GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"],
                        advice:
                            "without a project the client libraries ask Cloud Resource Manager, which fails without "
                            + "permission; set one in the Pod, or let the gateway's operator set settings.project")
                ] : [],
            conflictingVariables: [
                .init(
                    anyOf: ["CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_API_KEY"],
                    advice: "gcloud and some client libraries use it before the credential configuration; remove it")
            ])
    }
}
