import AWSPlugin
import GatewayPluginAPI
import OIDCPlugin

/// The provider plugins that are linked into this binary. Beside `Package.swift` and `plugins.json` this is the one
/// place that names them; `make plugin NAME=…` adds a line to each.
enum BuiltInPlugins {
    static let all: [any ProviderPlugin.Type] = [
        AWSProvider.self,
        OIDCProvider.self,
    ]
}
