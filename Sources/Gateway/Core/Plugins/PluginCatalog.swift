package import GatewayPluginAPI

/// The mounted provider plugins: those of the binary that the manifest lists, in its order.
package struct PluginCatalog: Sendable {
    package let plugins: [any ProviderPlugin.Type]

    package init(plugins: [any ProviderPlugin.Type]) { self.plugins = plugins }

    package var ids: [PluginID] { plugins.map { $0.id } }

    package subscript(_ id: PluginID) -> (any ProviderPlugin.Type)? { plugins.first { $0.id == id } }

    /// The plugin that recognizes one of the audiences; nil where none does, or more than one.
    package func recognizing(_ audiences: [String]) -> (any ProviderPlugin.Type)? {
        let found = plugins.filter { plugin in audiences.contains { plugin.recognizes($0) } }
        return found.count == 1 ? found[0] : nil
    }
}
