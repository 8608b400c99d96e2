public import GatewayPluginAPI
import JOSE

/// Any relying party that follows OpenID Connect Discovery 1.0 and RFC 7519, and needs nothing of its own.
///
/// There is no audience to assume, so each endpoint names its own. For endpoints that serve the same Pods, give each its
/// own label and variable in its `injector` block.
public struct OIDCProvider: ProviderPlugin {
    public static let id: PluginID = PluginID("oidc")

    public static let defaults = EndpointDefaults(
        injector: .init(label: "oidc", tokenVariable: "OIDC_TOKEN_FILE", valueVariable: nil),
        algorithms: [.rs256, .rs384, .rs512, .es256, .es384, .es512])

    public init(endpoint: Endpoint, settings: NoSettings, context: PluginContext) throws(SettingsErrors) {}

    /// The annotation is for people, or for the endpoint's own `label_value_environment_variable_name`: one line of
    /// text, passed on as it is.
    public func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        let value = request.annotation
        guard (1...Self.maximumLength).contains(value.utf8.count) else {
            throw InjectionError(
                "the annotation has \(value.utf8.count) bytes; give it a text of 1 to \(Self.maximumLength)")
        }
        guard value.unicodeScalars.allSatisfy(Self.isPrintable) else {
            throw InjectionError("the annotation has a line break or an invisible character; write one line of text")
        }
        return PodInjection(value: value)
    }

    private static let maximumLength = 1024

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
