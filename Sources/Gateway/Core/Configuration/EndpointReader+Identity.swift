import GatewayPluginAPI
import KubernetesAPI

// What distinguishes endpoints: plugin, audiences, issuer and injector.

extension EndpointReader {
    static func audiences(
        _ block: ConfigurationBlock<EndpointKeys>, given: [String]?, profile: RelyingPartyProfile?,
        settings: PresetSettings, context: PluginContext
    ) -> [String] {
        guard let profile else { return given ?? [] }
        let value = block.value(of: \.audience)
        guard let given else {
            let assumed =
                profile.preset.map { $0.audiences.compactMap { InjectionTemplate($0).render(settings.values) } }
                ?? PluginSettings(block).audiences(of: profile.plugin)
            // A template without its setting is reported at the setting.
            if assumed.isEmpty, value.node == nil, profile.preset?.audiences.isEmpty ?? true,
                !PluginSettings(block).areInvalid(for: profile.plugin, placeholder(profile), context: context)
            {
                value.error(
                    "missing required key, as \(profile.name) has no default; expected the aud of issued tokens")
            }
            return assumed
        }
        let limits = profile.defaults.limits
        if given.count > limits.audiences {
            value.error("\(given.count) values; \(profile.name) supports at most \(limits.audiences)")
        }
        for audience in given where audience.utf8.count > limits.audienceLength {
            value.error(
                "\(QuotedValue.text(audience, at: value.keyPath)) has \(audience.utf8.count) bytes; "
                    + "\(profile.name) supports at most \(limits.audienceLength)")
        }
        return given
    }

    /// An endpoint with which a plugin checks settings from which no audience could be derived.
    private static func placeholder(_ profile: RelyingPartyProfile) -> Endpoint? {
        guard let issuer = Issuer(host: "issuer.example.com", path: ""),
            let algorithm = profile.defaults.algorithms.first
        else { return nil }
        return Endpoint(
            name: "endpoint", cluster: "cluster", issuer: issuer, audiences: [], algorithm: algorithm, rsaKeySize: 2048,
            timeToLive: profile.defaults.timeToLive)
    }

    /// - Parameters:
    ///   - name: the endpoint's; nil where it is not valid.
    ///   - cluster: of the configuration.
    static func issuer(
        _ block: ConfigurationBlock<IssuerKeys>, name: String?, cluster: String, limits: RelyingPartyLimits?
    ) -> Issuer? {
        let path = block.path
        let jwksPath = namedKeysPath(block)
        let host =
            block.isSet(\.host)
            ? block.host : name.flatMap { Issuer.privateHost(endpoint: $0, cluster: cluster) }
        guard let host, path != nil || !block.isSet(\.path),
            let issuer = Issuer(host: host, path: path ?? "", jwksPath: jwksPath)
        else { return nil }
        if let limits, issuer.url.utf8.count > limits.issuerLength {
            block.error(
                \.host, "the issuer URL has \(issuer.url.utf8.count) bytes; expected at most \(limits.issuerLength)")
        }
        return issuer
    }

    /// The path of the key set; nil for the default, and where the configured one is not possible.
    private static func namedKeysPath(_ block: ConfigurationBlock<IssuerKeys>) -> String? {
        guard let path = block.jwksPath else { return nil }
        if block.isSet(\.keysURL) {
            block.error(
                \.jwksPath, "not supported beside jwksURI, which has the path of the key set; remove one of them")
        }
        if path == Issuer.keysPath {
            block.error(\.jwksPath, "\"\(path)\" is the default; remove the key")
        } else if let other = EndpointCollisions.ownDocument(inTheWayOf: path) {
            block.error(\.jwksPath, "\"\(path)\" conflicts with \"\(other)\" of this endpoint; use a different path")
        } else {
            return path
        }
        return nil
    }

    /// Reports a missing host where a publisher or a probe needs it, and warns where its default is not unique.
    ///
    /// - Parameter publisher: nil where none is configured, or where its keys are not valid.
    func checkHost(_ publisher: EndpointConfiguration.Publisher?, probe: EndpointConfiguration.Probe) {
        let hasPublisher = Self.hasPublisher(block)
        guard !issuerBlock.isSet(\.host), hasPublisher || issuerBlock.isSet(\.keysURL) else { return }
        if publisher.map({ $0.plan.keyHandOver == nil }) ?? false || issuer == nil {
            _ = issuerBlock.required(\.host)
        } else if !hasPublisher, probe.isEnabled {
            issuerBlock.error(
                \.host,
                "missing required key, as the issuer URL is probed; expected a DNS name, or publish: {probe: {enabled: "
                    + "false}}")
        } else if let issuer, cluster == GatewayConfiguration.defaultCluster {
            issuerBlock.warning(
                \.host,
                "the issuer is \(issuer.url), as in every cluster with the name \"\(cluster)\"; set cluster to a name of "
                    + "its own, or issuer.host")
        }
    }
}

extension PluginCatalog {
    /// The mounted plugin with a configured ID. Reports an unknown one and returns nil.
    func plugin(_ id: String, _ value: ConfigurationValue) -> (any ProviderPlugin.Type)? {
        if let plugin = PluginID(id).flatMap({ self[$0] }) { return plugin }
        value.error("unknown plugin \(value.quoted); expected \(choice)")
        return nil
    }

    var choice: String {
        ids.isEmpty ? "a plugin of plugins.json" : ids.map(\.rawValue).sorted().asChoice
    }
}
