public import GatewayPluginAPI
import JOSE

/// Microsoft Entra: a federated identity credential of an app registration or a managed identity trusts the endpoint's
/// issuer and a subject, and the Azure SDKs of a Pod exchange the token (workload identity federation).
public struct AzureProvider: ProviderPlugin {
    public static let id: PluginID = PluginID("azure")

    /// RS256 and the lengths are those of "Important considerations and restrictions for federated identity credentials".
    /// The Azure SDKs for Python and Go keep the content of the token's file for ten minutes and use it until then, so a
    /// token is replaced while it remains valid for twelve.
    public static let defaults = EndpointDefaults(
        audiences: [Cloud.global.audience],
        recognizedAudiences: Set(Cloud.allCases.map(\.audience)),
        injector: .init(
            label: "azure-client", annotation: .optional, tokenVariable: "AZURE_FEDERATED_TOKEN_FILE",
            valueVariable: "AZURE_CLIENT_ID", options: ["tenant"],
            exclusiveVariables: ["AZURE_TENANT_ID", "AZURE_AUTHORITY_HOST"]),
        algorithms: [.rs256],
        limits: RelyingPartyLimits(audiences: 1, audienceLength: 600, issuerLength: 600),
        tokens: TokenRules(timeToLive: 3_600, minimumLifetime: 3_600, remainingAtRenewal: 720),
        propagation: KeyPropagation(
            newKey: 86_400, oldKey: .undocumented,
            evidence: "Microsoft does not document it; operators report up to an hour."))

    /// The endpoint's `settings` block.
    public struct Settings: Decodable, Sendable {
        /// The id of the tenant, a UUID.
        public let tenant: String
        /// The application (client) id of Pods without an annotation, a UUID.
        public let client: String?
        /// `global` (default), `usgov` or `china`.
        public let cloud: String?
        /// The URL of the authority in place of the cloud's.
        public let authorityHost: String?
        /// The subscription of the managed identities that are provisioned, a UUID.
        public let subscription: String?
        /// The resource group of the storage account and of the publisher's identity that are provisioned.
        public let resourceGroup: String?
        /// Overrides of the services that provisioning calls.
        public let endpoints: Endpoints?

        /// The URLs of services.
        public struct Endpoints: Decodable, Sendable {
            /// Of Microsoft Entra, where the command gets its tokens.
            public let authority: String?
            /// Of Azure Resource Manager.
            public let management: String?
            /// Of Microsoft Graph.
            public let graph: String?
        }

        /// The services of the cloud.
        ///
        /// - Parameter errors: gets what is wrong.
        func services(errors: inout [SettingsError]) -> AzureServices {
            var overrides: [String: String] = [:]
            overrides["authority"] = endpoints?.authority
            overrides["management"] = endpoints?.management
            overrides["graph"] = endpoints?.graph
            return AzureServices(cloud: cloud, authorityHost: authorityHost, endpoints: overrides, errors: &errors)
        }
    }

    let tenant: UUIDText
    let client: UUIDText?
    let authority: String

    /// The audience of the cloud.
    public static func audiences(for settings: Settings) -> [String] {
        (settings.cloud.map { Cloud(rawValue: $0) } ?? .global).map { [$0.audience] } ?? []
    }

    public init(endpoint: Endpoint, settings: Settings, context: PluginContext) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        let tenant = UUIDText(settings.tenant)
        if tenant == nil {
            errors.append(
                SettingsError(
                    "settings.tenant",
                    "invalid tenant \(Quotation.of(settings.tenant)); expected the tenant's id, a UUID, not its domain")
            )
        }
        let client = settings.client.flatMap(UUIDText.init)
        if let text = settings.client, client == nil {
            errors.append(
                SettingsError(
                    "settings.client",
                    "invalid client \(Quotation.of(text)); expected an application (client) id, a UUID"))
        }
        let cloud = settings.cloud.map { Cloud(rawValue: $0) } ?? .global
        if let name = settings.cloud, cloud == nil {
            errors.append(
                SettingsError(
                    "settings.cloud", "invalid cloud \(Quotation.of(name)); expected global, usgov or china"))
        }
        for audience in endpoint.audiences where !Self.defaults.recognizes(audience) {
            errors.append(
                SettingsError(
                    "audience",
                    "\(Quotation.of(audience)) is not accepted by Microsoft Entra; expected \(Cloud.global.audience), or "
                        + "that of a sovereign cloud"))
        }
        let authority = settings.authorityHost ?? cloud?.authority ?? Cloud.global.authority
        if !Self.isAuthority(authority) {
            errors.append(
                SettingsError(
                    "settings.authorityHost",
                    "invalid URL \(Quotation.of(authority)); expected https://HOST/, such as \(Cloud.global.authority)")
            )
        }
        if let text = settings.subscription, UUIDText(text) == nil {
            errors.append(
                SettingsError(
                    "settings.subscription",
                    "invalid subscription \(Quotation.of(text)); expected its id, a UUID"))
        }
        _ = settings.services(errors: &errors)
        guard let tenant, errors.isEmpty else { throw SettingsErrors(errors) }
        self.tenant = tenant
        self.client = client
        self.authority = authority
    }

    /// The annotation is the application (client) id of the app or of the managed identity. The annotation
    /// `azure-client-tenant` replaces the tenant.
    public func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        let client = try request.annotation.map { (text) throws(InjectionError) in
            try UUIDText(checking: text, "client id")
        }
        guard let client = client ?? self.client else {
            throw InjectionError(
                "missing annotation; expected the application (client) id, a UUID, since the endpoint has no "
                    + "settings.client")
        }
        let tenant = try request.options["tenant"].map { (text) throws(InjectionError) in
            try UUIDText(checking: text, "tenant of the annotation azure-client-tenant")
        }
        return PodInjection(
            value: client.rawValue,
            environment: [
                .init("AZURE_TENANT_ID", (tenant ?? self.tenant).rawValue), .init("AZURE_AUTHORITY_HOST", authority),
            ],
            conflictingVariables: [
                .init(
                    anyOf: [
                        "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_USERNAME", "AZURE_PASSWORD",
                    ],
                    advice: "the SDKs use static credentials before the token; remove them"),
                .init(
                    anyOf: ["AZURE_KUBERNETES_TOKEN_PROXY"],
                    advice: "with it the SDKs send the token to the proxy of AKS identity bindings; remove it"),
            ])
    }

    /// Whether the text is `https://`, a host, an optional port and an optional slash: the SDKs reject http.
    private static func isAuthority(_ text: String) -> Bool {
        guard text.hasPrefix("https://") else { return false }
        var rest = text.dropFirst("https://".count)
        if rest.last == "/" { rest.removeLast() }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), Issuer(host: String(parts[0]), path: "") != nil else { return false }
        return parts.count == 1 || UInt16(parts[1]) != nil
    }
}
