import GatewayPluginAPI

/// Decodes an endpoint's `settings` and `publish` for plugins, and creates the plugin and the publisher's plan.
struct PluginSettings {
    private let block: ConfigurationBlock<EndpointKeys>
    private let preset: Preset?

    /// - Parameter preset: whose settings the plugin does not get.
    init(_ block: ConfigurationBlock<EndpointKeys>, preset: Preset? = nil) {
        self.block = block
        self.preset = preset
    }

    /// Creates the plugin.
    ///
    /// - Parameter endpoint: nil where the rest of the endpoint is invalid; the settings are checked in any case.
    /// - Returns: nil where the settings are invalid, which is reported.
    func provider(
        of plugin: any ProviderPlugin.Type, for endpoint: Endpoint?, context: PluginContext
    ) -> (any ProviderPlugin)? {
        make(plugin, endpoint, context)
    }

    /// The audiences of an endpoint that configures none; those of the plugin's defaults where the settings are invalid.
    func audiences(of plugin: any ProviderPlugin.Type) -> [String] { assumedAudiences(plugin) }

    private func assumedAudiences<Plugin: ProviderPlugin>(_ type: Plugin.Type) -> [String] {
        let settings = block.settings ?? .mapping([], line: block.line)
        let record = DecodingRecord(settings, at: block.value(of: \.settings).keyPath)
        let decoded = try? Plugin.Settings(from: ConfigurationDecoder(settings, record: record))
        // Invalid settings are reported where the plugin is created.
        return decoded.map(Plugin.audiences(for:)) ?? Plugin.defaults.audiences
    }

    /// Whether the settings themselves are invalid, so that no audience could be derived from them. They are reported then:
    /// those that cannot be decoded where the plugin is created, the others here.
    ///
    /// - Parameter endpoint: any endpoint of the plugin's shape.
    func areInvalid(for plugin: any ProviderPlugin.Type, _ endpoint: Endpoint?, context: PluginContext) -> Bool {
        checkSettings(plugin, endpoint, context)
    }

    private func checkSettings<Plugin: ProviderPlugin>(
        _ type: Plugin.Type, _ endpoint: Endpoint?, _ context: PluginContext
    ) -> Bool {
        guard let settings = block.settings else { return block.isSet(\.settings) }
        let record = DecodingRecord(settings, at: block.value(of: \.settings).keyPath)
        guard let decoded = try? Plugin.Settings(from: ConfigurationDecoder(settings, record: record)) else {
            return true
        }
        guard let endpoint else { return false }
        do {
            _ = try Plugin(endpoint: endpoint, settings: decoded, context: context)
            return false
        } catch {
            let own = error.errors.filter { $0.key == "settings" || $0.key.hasPrefix("settings.") }
            for one in own { report(one.key, one.message) }
            return !own.isEmpty
        }
    }

    private func make<Plugin: ProviderPlugin>(
        _ type: Plugin.Type, _ endpoint: Endpoint?, _ context: PluginContext
    ) -> (any ProviderPlugin)? {
        let isInvalid = block.isSet(\.settings) && block.settings == nil
        let settings = PresetSettings.removing(preset, from: block.settings ?? .mapping([], line: block.line))
        guard !isInvalid, let decoded: Plugin.Settings = decode(settings, at: block.value(of: \.settings).keyPath),
            let endpoint
        else { return nil }
        do {
            return try Plugin(endpoint: endpoint, settings: decoded, context: context)
        } catch {
            report(error)
            return nil
        }
    }

    /// Creates the publisher's plan.
    ///
    /// - Parameter settings: the `publish` block without the keys of the core.
    /// - Returns: nil where the settings are invalid, which is reported.
    func publisher(
        of plugin: any ProviderPlugin.Type, for endpoint: Endpoint, settings: ConfigurationNode
    ) -> PublisherPlan? {
        plan(plugin, endpoint, settings)
    }

    private func plan<Plugin: ProviderPlugin>(
        _ type: Plugin.Type, _ endpoint: Endpoint, _ settings: ConfigurationNode
    ) -> PublisherPlan? {
        guard let decoded: Plugin.PublisherSettings = decode(settings, at: block.value(of: \.publish).keyPath) else {
            return nil
        }
        do {
            if let plan = try Plugin.publisher(for: endpoint, settings: decoded) { return plan }
            block.error(\.publish, "publishing is not supported by the plugin \(Plugin.id); use another publish.plugin")
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
            report(String(keyPath.dropFirst(block.keyPath.utf8.count + 1)), message)
            return nil
        }
    }

    private func report(_ errors: SettingsErrors) {
        for error in errors.errors { report(error.key, error.message) }
    }

    /// - Parameter key: below the endpoint's block.
    private func report(_ key: String, _ message: String) {
        let line = block.node?.line(ofMember: key) ?? block.line
        block.problems.error(at: "\(block.keyPath).\(key)", line: line, message)
    }
}
