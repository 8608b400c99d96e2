public import GatewayPluginAPI
import JOSE

/// The Claude API of Anthropic: hands over an endpoint's keys to a federation issuer, so that a cluster without a public
/// issuer can federate. Everything else of an endpoint is in the preset `anthropic`, which publishes through this plugin.
public struct AnthropicProvider: ProviderPlugin {
    public static let id: PluginID = PluginID("anthropic")

    /// Those of the preset `anthropic`, but for the audience, which the preset recognizes.
    public static let defaults = EndpointDefaults(
        injector: .init(
            label: "anthropic", annotation: .optional, tokenVariable: "ANTHROPIC_IDENTITY_TOKEN_FILE",
            valueVariable: nil),
        algorithms: [.rs256, .rs384, .rs512, .es256, .es384, .es512],
        limits: RelyingPartyLimits(tokenLength: 16_384),
        tokens: TokenRules(timeToLive: 3_600, maximumLifetime: 3_600, hasTokenID: false),
        propagation: KeyPropagation(
            newKey: 900, oldKey: .until("the next poll of the issuer's keys"),
            evidence: "Anthropic asks to publish a key 15 minutes before its first use."))

    public init(endpoint: Endpoint, settings: NoSettings, context: PluginContext) throws(SettingsErrors) {}

    /// The annotation has no meaning: variables are those of the preset.
    public func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        PodInjection(
            conflictingVariables: [
                .init(
                    anyOf: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"],
                    advice: "the SDKs use static keys before the token; remove them")
            ])
    }
}
