/// A kind of relying party that trusts tokens issued by this gateway. One value per endpoint that names the plugin.
///
/// A plugin describes; the core acts. Registered claims, token review, authorization, key custody and signing are in the
/// core. A plugin never holds a private key.
public protocol ProviderPlugin: Sendable {
    /// The endpoint's `settings` block. A key of the block that decoding does not read is reported as unknown.
    associatedtype Settings: Decodable & Sendable = NoSettings

    /// An endpoint's `publish` block, without the keys `plugin` and `probe`, where this plugin publishes. An endpoint may
    /// publish through another plugin than its own.
    associatedtype PublisherSettings: Decodable & Sendable = NoSettings

    /// The plugin's name in `gateway.yaml` and `plugins.json`.
    static var id: PluginID { get }

    /// The defaults of the plugin's endpoints, and what its relying party accepts; a constant.
    static var defaults: EndpointDefaults { get }

    /// The audiences of an endpoint that configures none, where they depend on its settings; else those of ``defaults``.
    ///
    /// - Parameter settings: not checked yet. Return an empty list where they are not valid.
    static func audiences(for settings: Settings) -> [String]

    /// Whether only this kind of relying party has the audience, so that an endpoint without `plugin` finds its plugin by
    /// it. By default the exact values of ``EndpointDefaults/recognizedAudiences``.
    static func recognizes(_ audience: String) -> Bool

    /// Creates the plugin's value for one endpoint, once per configuration; does no I/O.
    ///
    /// - Throws: a ``SettingsError`` for each value that is not valid or that the relying party would not accept, all at
    ///   once.
    init(endpoint: Endpoint, settings: Settings, context: PluginContext) throws(SettingsErrors)

    /// Returns the claims to add to those of every token; the same claims for the same workload. Reserved names
    /// (``PrivateClaims/reservedNames``) cannot be set.
    func claims(for workload: WorkloadIdentity) -> PrivateClaims

    /// Returns what to add to a Pod that asks for this endpoint's tokens.
    ///
    /// - Throws: an ``InjectionError`` that the Pod's author reads; the Pod is denied.
    func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection

    /// The same as data, for injection by an admission policy; nil where only the webhook can inject Pods for this endpoint.
    var injectionRules: InjectionRules? { get }

    /// Returns how this plugin publishes an endpoint's issuer documents; does no I/O.
    ///
    /// - Parameters:
    ///   - endpoint: an endpoint of this plugin or of another.
    ///   - settings: its `publish` block.
    /// - Returns: nil where this plugin does not publish.
    /// - Throws: a ``SettingsError`` for each value that is not valid; keys are below the endpoint's block, such as
    ///   `publish.bucket`.
    static func publisher(
        for endpoint: Endpoint, settings: PublisherSettings
    ) throws(SettingsErrors) -> PublisherPlan?

    /// Returns the steps that provision an endpoint at the relying party (`sts-gateway provision`); does no I/O.
    ///
    /// - Returns: nil where this plugin provisions nothing.
    /// - Throws: a ``SettingsError`` for each value that is not valid; keys are below the endpoint's block.
    static func provisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan?

    /// Returns the steps that remove what ``provisioning(for:context:)`` has created (`sts-gateway deprovision`), in the
    /// order against that of trust; does no I/O. The request has an owner. What others still use stays
    /// (``ProvisioningFinding/kept``).
    ///
    /// - Returns: nil where this plugin provisions nothing.
    /// - Throws: a ``SettingsError`` for each value that is not valid; keys are below the endpoint's block.
    static func deprovisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan?

    /// Reads what the relying party has for an endpoint and a workload (`sts-gateway doctor`); changes nothing. It uses the
    /// credentials of the person who runs the command.
    ///
    /// - Returns: a finding for each check; empty where the plugin checks nothing.
    static func diagnosis(for request: DiagnosisRequest, context: ProvisioningContext) async -> [RelyingPartyFinding]

    /// Exchanges a token of the endpoint at the relying party (`doctor --exchange`, `token --credential-process`).
    ///
    /// - Parameters:
    ///   - token: it must be in no error text.
    ///   - identity: the value of the workload's annotation, such as a role; empty where it has none and needs none.
    /// - Returns: nil where the plugin exchanges nothing.
    static func session(
        for token: String, as identity: String, request: DiagnosisRequest, context: ProvisioningContext
    ) async throws(ProvisioningError) -> RelyingPartySession?
}

extension ProviderPlugin {
    /// The audiences of ``defaults``.
    public static func audiences(for settings: Settings) -> [String] { defaults.audiences }

    /// Whether ``defaults`` recognize the audience.
    public static func recognizes(_ audience: String) -> Bool { defaults.recognizes(audience) }

    /// No claims.
    public func claims(for workload: WorkloadIdentity) -> PrivateClaims { PrivateClaims() }

    /// None: the webhook injects.
    public var injectionRules: InjectionRules? { nil }

    /// No publisher.
    public static func publisher(
        for endpoint: Endpoint, settings: PublisherSettings
    ) throws(SettingsErrors) -> PublisherPlan? { nil }

    /// No steps.
    public static func provisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan? { nil }

    /// No steps.
    public static func deprovisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan? { nil }

    /// No checks.
    public static func diagnosis(
        for request: DiagnosisRequest, context: ProvisioningContext
    ) async -> [RelyingPartyFinding] { [] }

    /// No exchange.
    public static func session(
        for token: String, as identity: String, request: DiagnosisRequest, context: ProvisioningContext
    ) async throws(ProvisioningError) -> RelyingPartySession? { nil }
}

/// The settings of a plugin that has none: an empty block, or no block.
public struct NoSettings: Decodable, Sendable {
    /// Creates the settings of an absent block.
    public init() {}

    private enum CodingKeys: CodingKey {}

    /// Reads a block; every key in it is unknown.
    public init(from decoder: any Decoder) throws {
        _ = try decoder.container(keyedBy: CodingKeys.self)
    }
}
