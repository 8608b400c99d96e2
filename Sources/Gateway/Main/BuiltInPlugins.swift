import AWSPlugin
import AnthropicPlugin
import AzurePlugin
import GCPPlugin
import GatewayPluginAPI
import KubernetesPlugin
import OIDCPlugin
import VaultPlugin

/// The provider plugins of the executable `sts-gateway`. `make plugin NAME=…` adds a plugin here and in the other places
/// that name plugins (docs/writing-a-plugin.md).
enum BuiltInPlugins {
    static let all: [any ProviderPlugin.Type] = [
        AWSProvider.self,
        AnthropicProvider.self,
        AzureProvider.self,
        GCPProvider.self,
        KubernetesProvider.self,
        OIDCProvider.self,
        VaultProvider.self,
    ]
}
