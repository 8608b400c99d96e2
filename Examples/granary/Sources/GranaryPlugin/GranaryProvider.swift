public import GatewayPluginAPI
import JOSE
import JSON

/// Granary, an imaginary store of data sets. A tenant of Granary trusts the issuers that are registered in it.
public struct GranaryProvider: ProviderPlugin {
    public static let id: PluginID = PluginID("granary")

    /// Granary verifies ES256 and ES384 only, and accepts tokens of at most 8 KiB with one audience.
    public static let defaults = EndpointDefaults(
        audiences: ["https://granary.example"],
        recognizedAudiences: ["https://granary.example"],
        injector: .init(
            label: "granary-role", tokenVariable: "GRANARY_TOKEN_FILE", valueVariable: "GRANARY_ROLE",
            exclusiveVariables: ["GRANARY_TENANT", "GRANARY_URL", "GRANARY_CONFIG"]),
        algorithms: [.es256, .es384],
        limits: RelyingPartyLimits(audiences: 1, subjectLength: 200, tokenLength: 8_192),
        tokens: TokenRules(maximumLifetime: 3_600))

    /// The endpoint's `settings` block.
    public struct Settings: Decodable, Sendable {
        /// The tenant whose data sets the Pods use.
        public let tenant: String
        /// The URL of Granary's API for the Pods; `https://api.granary.example` by default.
        public let url: String?
    }

    private let tenant: Tenant
    private let url: String

    public init(endpoint: Endpoint, settings: Settings, context: PluginContext) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        let tenant = Tenant(settings.tenant)
        if tenant == nil { errors.append(Tenant.error("settings.tenant", settings.tenant)) }
        let url = settings.url ?? GranaryAPI.publicURL
        if !GranaryAPI.isURL(url) { errors.append(GranaryAPI.error("settings.url", url)) }
        guard let tenant, errors.isEmpty else { throw SettingsErrors(errors) }
        self.tenant = tenant
        self.url = url
    }

    /// Granary's rules compare these claims.
    public func claims(for workload: WorkloadIdentity) -> PrivateClaims {
        var claims = PrivateClaims()
        claims.set("granary.example/tenant", .string(tenant.name))
        claims.set("granary.example/workload", .string("\(workload.namespace)/\(workload.serviceAccount.name)"))
        return claims
    }

    /// The annotation is `DATASET/ROLE`, such as `harvest/reader`.
    public func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        let role = try GranaryRole(try request.requiredAnnotation())
        return PodInjection(
            value: role.description,
            environment: [
                .init("GRANARY_TENANT", tenant.name), .init("GRANARY_URL", url, unlessSet: ["GRANARY_HOST"]),
            ],
            files: [.init(name: "granary.json", contents: configuration(for: request), variable: "GRANARY_CONFIG")],
            expectedVariables: [
                .init(anyOf: ["GRANARY_TEAM"], advice: "the audit log has no team without it; set one")
            ])
    }

    /// Granary's tools read this file. `JSONValue` escapes whatever the values contain.
    private func configuration(for request: InjectionRequest) -> String {
        let json: JSONValue = [
            "tenant": .string(tenant.name), "token_file": .string(request.tokenFile), "url": .string(url),
        ]
        return json.text
    }
}
