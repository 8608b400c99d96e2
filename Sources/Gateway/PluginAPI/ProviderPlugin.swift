/// A kind of relying party that trusts tokens issued by this gateway. One value per endpoint that names the plugin.
///
/// A plugin describes; the core acts. Registered claims, token review, authorization, key custody and signing stay with
/// the core, so a plugin can neither forget them nor get them wrong, and never holds a private key.
public protocol ProviderPlugin: Sendable {
    /// The endpoint's `settings` block. A key of the block that decoding does not ask for is reported as unknown.
    associatedtype Settings: Decodable & Sendable = NoSettings

    /// The keys of an endpoint's `publish` block, but for `plugin` and `probe`, where this plugin publishes. An endpoint
    /// may publish through another plugin than its own.
    associatedtype PublisherSettings: Decodable & Sendable = NoSettings

    static var id: PluginID { get }

    /// What an endpoint of this plugin has where its configuration says nothing, and what its relying party accepts.
    static var defaults: EndpointDefaults { get }

    /// Made once per endpoint and configuration; does no I/O.
    ///
    /// - Throws: a ``SettingsError`` for each thing the relying party would refuse, all at once.
    init(endpoint: Endpoint, settings: Settings, context: PluginContext) throws(SettingsErrors)

    /// Claims beside the registered ones and those every token has. The core refuses a name that is reserved.
    func claims(for workload: WorkloadIdentity) -> PrivateClaims

    /// What the plugin adds to a Pod that asks for this endpoint.
    ///
    /// - Throws: an ``InjectionError`` that the Pod's author reads.
    func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection

    /// How an endpoint's issuer documents reach the world through this plugin; does no I/O.
    ///
    /// - Parameter endpoint: of this plugin or of another.
    /// - Returns: nil where this plugin does not publish.
    /// - Throws: a ``SettingsError`` for each thing that cannot be; keys are below the endpoint's block, such as
    ///   `publish.bucket`.
    static func publisher(
        for endpoint: Endpoint, settings: PublisherSettings
    ) throws(SettingsErrors) -> PublisherPlan?
}

extension ProviderPlugin {
    public func claims(for workload: WorkloadIdentity) -> PrivateClaims { PrivateClaims() }

    public static func publisher(
        for endpoint: Endpoint, settings: PublisherSettings
    ) throws(SettingsErrors) -> PublisherPlan? { nil }
}

/// The settings of a plugin that has none: an empty block, or no block.
public struct NoSettings: Decodable, Sendable {
    public init() {}

    private enum CodingKeys: CodingKey {}

    public init(from decoder: any Decoder) throws {
        _ = try decoder.container(keyedBy: CodingKeys.self)
    }
}
