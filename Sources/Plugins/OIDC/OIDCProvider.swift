public import GatewayPluginAPI
import JOSE

/// Any relying party that follows OpenID Connect Discovery 1.0 and RFC 7519.
///
/// It has no default audience: each endpoint configures its own. Endpoints that serve the same Pods need different labels
/// and variables in their `injector` blocks.
public struct OIDCProvider: ProviderPlugin {
    public static let id: PluginID = PluginID("oidc")

    public static let defaults = EndpointDefaults(
        injector: .init(label: "oidc", tokenVariable: "OIDC_TOKEN_FILE", valueVariable: nil),
        algorithms: [.rs256, .rs384, .rs512, .es256, .es384, .es512])

    /// The endpoint's `settings` block.
    public struct Settings: Decodable, Sendable {
        /// The URL of the relying party's token endpoint (RFC 8693), for `doctor --exchange`; nil for none. The gateway does
        /// not call it.
        public let tokenEndpoint: String?

        /// Creates settings.
        public init(tokenEndpoint: String? = nil) { self.tokenEndpoint = tokenEndpoint }
    }

    public init(endpoint: Endpoint, settings: Settings, context: PluginContext) throws(SettingsErrors) {
        guard let url = settings.tokenEndpoint, !Self.isURL(url) else { return }
        throw SettingsErrors([
            SettingsError(
                "settings.tokenEndpoint",
                "invalid URL \(Quotation.of(url)); expected https://HOST/PATH, or http://127.0.0.1:PORT/PATH for tests")
        ])
    }

    /// Whether the text is an https URL without query and fragment, or one of http to this machine.
    private static func isURL(_ text: String) -> Bool {
        for scheme in ["https://", "http://127.0.0.1:", "http://localhost:"] where text.hasPrefix(scheme) {
            let rest = text.dropFirst(scheme.count)
            return !rest.isEmpty && text.utf8.count <= 1_024
                && rest.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"?#@\\\"<>^`{|}".utf8.contains($0) }
        }
        return false
    }

    /// The annotation is the value of the endpoint's `label_value_environment_variable_name`, unchanged: one line of text. An
    /// endpoint with an optional annotation has Pods without one.
    public func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        guard let value = request.annotation else { return PodInjection() }
        guard (1...Self.maximumLength).contains(value.utf8.count) else {
            throw InjectionError(
                "invalid annotation of \(value.utf8.count) bytes; expected 1 to \(Self.maximumLength) bytes")
        }
        guard value.unicodeScalars.allSatisfy(Self.isPrintable) else {
            throw InjectionError(
                "invalid annotation: it has a line break or an invisible character; expected one line of text")
        }
        return PodInjection(value: value)
    }

    static let maximumLength = 1024

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
