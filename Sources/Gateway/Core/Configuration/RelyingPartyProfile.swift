import GatewayPluginAPI

/// What an endpoint is for: its plugin, and the preset that replaces the plugin's defaults.
struct RelyingPartyProfile {
    let plugin: any ProviderPlugin.Type
    let preset: Preset?
    /// Whether the configuration names the preset. One that is found by its audience needs no settings.
    let isPresetNamed: Bool

    var defaults: EndpointDefaults { preset?.defaults ?? plugin.defaults }

    /// For messages.
    var name: String { preset.map { "the preset \($0.id)" } ?? "the plugin \(plugin.id)" }

    /// The profile of an endpoint; nil where it cannot be determined, which is reported.
    init?(
        _ block: ConfigurationBlock<EndpointKeys>, name: String?, audiences: [String], catalog: PluginCatalog
    ) {
        if block.isSet(\.preset) {
            guard let id = block.preset else { return nil }
            guard let preset = catalog.preset(id) else {
                let known = catalog.presets.map(\.id).sorted()
                block.error(
                    \.preset,
                    "unknown preset \(block.value(of: \.preset).quoted); expected "
                        + (known.isEmpty ? "a preset of presets.json" : known.asChoice))
                return nil
            }
            guard let plugin = Self.plugin(preset.plugin, block, catalog) else { return nil }
            if block.isSet(\.plugin), block.plugin != preset.plugin {
                block.error(\.plugin, "not the plugin of the preset, \(preset.plugin); remove the key")
            }
            self.init(plugin: plugin, preset: preset, isPresetNamed: true)
            return
        }
        let value = block.value(of: \.plugin)
        if value.node != nil {
            guard let plugin = block.plugin.flatMap({ catalog.plugin($0, value) }) else { return nil }
            self.init(plugin: plugin, preset: nil, isPresetNamed: false)
            return
        }
        if let id = name.flatMap({ PluginID($0) }), let plugin = catalog[id] {
            self.init(plugin: plugin, preset: nil, isPresetNamed: false)
        } else if let plugin = catalog.recognizing(audiences) {
            self.init(plugin: plugin, preset: nil, isPresetNamed: false)
        } else {
            self.init(byAudience: audiences, block, catalog)
        }
    }

    /// Of an endpoint that names neither a plugin nor a preset.
    private init?(
        byAudience audiences: [String], _ block: ConfigurationBlock<EndpointKeys>, _ catalog: PluginCatalog
    ) {
        if let preset = catalog.presetRecognizing(audiences),
            let plugin = PluginID(preset.plugin).flatMap({ catalog[$0] })
        {
            block.warning(
                \.audience,
                "is that of the preset \(preset.id), whose limits and token rules apply; set preset: \(preset.id) to "
                    + "inject its variables too")
            self.init(plugin: plugin, preset: preset, isPresetNamed: false)
            return
        }
        let near = audiences.lazy.compactMap { audience in
            catalog.recognizedAudiences.first { SpellingSuggestion.isNear(audience, $0) }.map { (audience, $0) }
        }
        if let (audience, known) = near.first {
            block.error(
                \.audience,
                "\(QuotedValue.text(audience, at: "")) is almost \"\(known)\"; correct it, or set plugin")
            return nil
        }
        guard !audiences.isEmpty, let id = PluginCatalog.generalPlugin, let plugin = catalog[id] else {
            block.error(
                \.plugin,
                "missing required key, as neither name nor audience identifies the plugin; expected \(catalog.choice)")
            return nil
        }
        block.warning(
            \.plugin,
            "no plugin recognizes the audience, so the plugin \(id) is used; set plugin: \(id) if that is meant")
        self.init(plugin: plugin, preset: nil, isPresetNamed: false)
    }

    private init(plugin: any ProviderPlugin.Type, preset: Preset?, isPresetNamed: Bool) {
        self.plugin = plugin
        self.preset = preset
        self.isPresetNamed = isPresetNamed
    }

    private static func plugin(
        _ id: String, _ block: ConfigurationBlock<EndpointKeys>, _ catalog: PluginCatalog
    ) -> (any ProviderPlugin.Type)? {
        if let plugin = PluginID(id).flatMap({ catalog[$0] }) { return plugin }
        block.error(\.preset, "needs the plugin \(id), which is not mounted; add it to plugins.json")
        return nil
    }
}
