package import GatewayPluginAPI

/// The mounted provider plugins: those of the binary that the manifest lists, in its order. Beside them the presets.
package struct PluginCatalog: Sendable {
    package let plugins: [any ProviderPlugin.Type]
    /// The presets, each ID once.
    package let presets: [Preset]

    package init(plugins: [any ProviderPlugin.Type], presets: [Preset] = []) {
        self.plugins = plugins
        self.presets = presets
    }

    package var ids: [PluginID] { plugins.map { $0.id } }

    package subscript(_ id: PluginID) -> (any ProviderPlugin.Type)? { plugins.first { $0.id == id } }

    /// The preset with the ID; nil where there is none.
    package func preset(_ id: String) -> Preset? { presets.first { $0.id == id } }

    /// The preset that recognizes one of the audiences; nil where none does, or more than one.
    package func presetRecognizing(_ audiences: [String]) -> Preset? {
        let found = presets.filter { audiences.contains(where: $0.recognizes) }
        return found.count == 1 ? found[0] : nil
    }

    /// The plugin for relying parties that no plugin knows: the one with this ID.
    package static let generalPlugin = PluginID("oidc")

    /// All audiences that a plugin or a preset recognizes, sorted.
    package var recognizedAudiences: [String] {
        Set(
            plugins.flatMap { Array($0.defaults.recognizedAudiences) }
                + presets.flatMap { $0.recognizedAudiences ?? [] }
        ).sorted()
    }

    /// The plugin that recognizes one of the audiences; nil where none does, or more than one.
    package func recognizing(_ audiences: [String]) -> (any ProviderPlugin.Type)? {
        let found = plugins.filter { plugin in audiences.contains { plugin.recognizes($0) } }
        return found.count == 1 ? found[0] : nil
    }
}
