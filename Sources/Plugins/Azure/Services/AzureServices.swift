import CloudAPI
import GatewayPluginAPI

/// The URLs of the services of a cloud, or what the settings have in their place.
struct AzureServices: Sendable, Equatable {
    let cloud: Cloud
    /// The authority, Azure Resource Manager, and Microsoft Graph; without a final slash.
    let authority: String
    let management: String
    let graph: String

    /// - Parameters:
    ///   - cloud: the setting's word; nil for `global`.
    ///   - authorityHost: in place of the cloud's.
    ///   - endpoints: the overrides of `settings.endpoints`, by their keys.
    ///   - errors: gets what is wrong.
    init(
        cloud word: String?, authorityHost: String?, endpoints: [String: String], errors: inout [SettingsError]
    ) {
        cloud = word.flatMap(Cloud.init) ?? .global
        func url(_ name: String, _ standard: String) -> String {
            guard let given = endpoints[name] else { return standard }
            guard let url = ServiceURL.parse(given) else {
                errors.append(
                    SettingsError(
                        "settings.endpoints.\(name)", "invalid URL \(Quotation.of(given)); \(ServiceURL.expected)"))
                return standard
            }
            return url
        }
        let authority = authorityHost ?? cloud.authority
        self.authority = url("authority", authority.hasSuffix("/") ? String(authority.dropLast()) : authority)
        management = url("management", cloud.management)
        graph = url("graph", cloud.graph)
    }
}
