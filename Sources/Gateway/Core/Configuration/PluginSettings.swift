import GatewayPluginAPI

/// Hands an endpoint's `settings` to its plugin and makes the plugin.
struct PluginSettings {
    let block: BlockReader
    /// The whole endpoint, for the lines of what the plugin refuses.
    let node: ConfigurationNode

    /// - Parameter endpoint: nil where the rest of the endpoint is not good; the settings are looked at all the same.
    /// - Returns: nil where something is wrong, which is on the problem list then.
    func provider(
        of plugin: any ProviderPlugin.Type, for endpoint: Endpoint?, context: PluginContext
    ) -> (any ProviderPlugin)? {
        make(plugin, endpoint, context)
    }

    private func make<Plugin: ProviderPlugin>(
        _ type: Plugin.Type, _ endpoint: Endpoint?, _ context: PluginContext
    ) -> (any ProviderPlugin)? {
        let place = block.path("settings")
        let settings = block["settings"] ?? .mapping([], line: block.line)
        let record = DecodingRecord(settings, at: place)
        let decoded: Plugin.Settings
        do {
            decoded = try Plugin.Settings(from: ConfigurationDecoder(settings, record: record))
        } catch {
            let (keyPath, message) = record.explain(error)
            let line = node.line(ofMember: String(keyPath.dropFirst(block.keyPath.utf8.count + 1)))
            block.problems.error(at: keyPath, line: line, message)
            return nil
        }
        record.reportUnknownKeys(to: block.problems)
        guard let endpoint else { return nil }
        do {
            return try Plugin(endpoint: endpoint, settings: decoded, context: context)
        } catch {
            for refused in error.errors {
                block.problems.error(
                    at: block.path(refused.key), line: node.line(ofMember: refused.key), refused.message)
            }
            return nil
        }
    }
}
