import GatewayPluginAPI
import KubernetesAPI

// What distinguishes endpoints: plugin, audiences, issuer and injector.

extension EndpointReader {
    static func plugin(
        _ block: ConfigurationBlock<EndpointKeys>, name: String?, audiences: [String], catalog: PluginCatalog
    ) -> (any ProviderPlugin.Type)? {
        let value = block.value(of: \.plugin)
        if value.node != nil { return block.plugin.flatMap { catalog.plugin($0, value) } }
        if let id = name.flatMap({ PluginID($0) }), let plugin = catalog[id] { return plugin }
        if let plugin = catalog.recognizing(audiences) { return plugin }
        value.error(
            "missing required key, as neither name nor audience identifies the plugin; expected \(catalog.choice)")
        return nil
    }

    static func audiences(
        _ block: ConfigurationBlock<EndpointKeys>, given: [String]?, plugin: (any ProviderPlugin.Type)?
    ) -> [String] {
        guard let plugin else { return given ?? [] }
        let value = block.value(of: \.audience)
        guard let given else {
            let assumed = PluginSettings(block).audiences(of: plugin)
            if assumed.isEmpty, value.node == nil {
                value.error(
                    "missing required key, as the plugin \(plugin.id) has no default; expected the aud of issued tokens"
                )
            }
            return assumed
        }
        let limits = plugin.defaults.limits
        if given.count > limits.audiences {
            value.error("\(given.count) values; the plugin \(plugin.id) supports at most \(limits.audiences)")
        }
        for audience in given where audience.utf8.count > limits.audienceLength {
            value.error(
                "\(QuotedValue.text(audience, at: value.keyPath)) has \(audience.utf8.count) bytes; "
                    + "the plugin \(plugin.id) supports at most \(limits.audienceLength)")
        }
        return given
    }

    static func issuer(_ block: ConfigurationBlock<IssuerKeys>, limits: RelyingPartyLimits?) -> Issuer? {
        let (path, host) = (block.path, block.host)
        guard let host, path != nil || !block.isSet(\.path), let issuer = Issuer(host: host, path: path ?? "") else {
            return nil
        }
        if let limits, issuer.url.utf8.count > limits.issuerLength {
            block.error(
                \.host, "the issuer URL has \(issuer.url.utf8.count) bytes; expected at most \(limits.issuerLength)")
        }
        return issuer
    }
}

extension PluginCatalog {
    /// The mounted plugin with a configured ID. Reports an unknown one and returns nil.
    func plugin(_ id: String, _ value: ConfigurationValue) -> (any ProviderPlugin.Type)? {
        if let plugin = PluginID(id).flatMap({ self[$0] }) { return plugin }
        value.error("unknown plugin \(value.quoted); expected \(choice)")
        return nil
    }

    fileprivate var choice: String {
        ids.isEmpty ? "a plugin of plugins.json" : ids.map(\.rawValue).sorted().asChoice
    }
}
