import GatewayPluginAPI

/// Hands an endpoint's `settings` and `publish` to plugins, and makes the plugin and the publisher's plan.
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
        let settings = block["settings"] ?? .mapping([], line: block.line)
        guard let decoded: Plugin.Settings = decode(settings, at: block.path("settings")), let endpoint else {
            return nil
        }
        do {
            return try Plugin(endpoint: endpoint, settings: decoded, context: context)
        } catch {
            report(error)
            return nil
        }
    }

    /// - Parameter settings: the `publish` block without the keys that are the core's.
    /// - Returns: nil where something is wrong, which is on the problem list then.
    func publisher(
        of plugin: any ProviderPlugin.Type, for endpoint: Endpoint, settings: ConfigurationNode
    ) -> PublisherPlan? {
        plan(plugin, endpoint, settings)
    }

    private func plan<Plugin: ProviderPlugin>(
        _ type: Plugin.Type, _ endpoint: Endpoint, _ settings: ConfigurationNode
    ) -> PublisherPlan? {
        guard let decoded: Plugin.PublisherSettings = decode(settings, at: block.path("publish")) else { return nil }
        do {
            if let plan = try Plugin.publisher(for: endpoint, settings: decoded) { return plan }
            block.error(
                "publish", "the plugin \(Plugin.id) does not publish; name one that does in publish.plugin")
        } catch {
            report(error)
        }
        return nil
    }

    private func decode<Settings: Decodable>(_ settings: ConfigurationNode, at place: String) -> Settings? {
        let record = DecodingRecord(settings, at: place)
        do {
            let decoded = try Settings(from: ConfigurationDecoder(settings, record: record))
            record.reportUnknownKeys(to: block.problems)
            return decoded
        } catch {
            let (keyPath, message) = record.explain(error)
            let line = node.line(ofMember: String(keyPath.dropFirst(block.keyPath.utf8.count + 1)))
            block.problems.error(at: keyPath, line: line, message)
            return nil
        }
    }

    private func report(_ errors: SettingsErrors) {
        for refused in errors.errors {
            block.problems.error(
                at: block.path(refused.key), line: node.line(ofMember: refused.key), refused.message)
        }
    }
}
