import GatewayPluginAPI
import JOSE
import Logging

/// Reads one of `sts.endpoints`. Everything is looked at, whatever else is wrong, so that all of it is told at once.
struct EndpointReader {
    let block: BlockReader
    let issuerBlock: BlockReader
    let name: String?
    let path: PathPrefix?
    let issuer: Issuer?
    let keypair: String?
    let plugin: (any ProviderPlugin.Type)?
    let injector: EndpointConfiguration.Injector?

    private let node: ConfigurationNode
    private let cluster: String
    private let catalog: PluginCatalog
    private let context: ConfigurationContext
    private let metadata: MetadataNeeds
    private let audiences: [String]

    init(
        node: ConfigurationNode, block: BlockReader, cluster: String, catalog: PluginCatalog,
        context: ConfigurationContext, metadata: MetadataNeeds
    ) {
        self.node = node
        self.block = block
        self.cluster = cluster
        self.catalog = catalog
        self.context = context
        self.metadata = metadata
        name = Self.name(block)
        path = Self.path(block, name: name)
        let given = block.texts("audience")
        plugin = Self.plugin(block, name: name, audiences: given ?? [], catalog: catalog)
        audiences = Self.audiences(block, given: given, plugin: plugin)
        issuerBlock = block.block("issuer")
        (issuer, keypair) = Self.issuer(issuerBlock, limits: plugin?.defaults.limits)
        injector = Self.injector(block.block("injector"), defaults: plugin?.defaults.injector)
    }

    /// nil where something is missing that an endpoint cannot be without.
    func read() -> EndpointConfiguration? {
        let policy = self.policy()
        let subjectToken = self.subjectToken()
        let token = TokenReader(block, plugin: plugin, cluster: cluster, metadata: metadata)
        let rotation = self.rotation()
        let isOrigin = block.boolean("host_in_openunison") ?? false
        let probe = self.probe()
        let endpoint: Endpoint? =
            if let name, let issuer {
                Endpoint(
                    name: name, cluster: cluster, issuer: issuer, audiences: audiences, algorithm: token.algorithm,
                    rsaKeySize: token.keySize, timeToLive: token.policy.timeToLive)
            } else {
                nil
            }
        let publisher = self.publisher(for: endpoint)
        if publisher == nil, !probe.isEnabled, !isOrigin {
            block.block("publish").block("probe").warning(
                "enabled",
                "nothing publishes and nothing looks, so a new key signs after rotation.propagation whether it was "
                    + "uploaded or not; enable the probe")
        }
        var logger = context.logger
        logger[metadataKey: "endpoint"] = "\(name ?? "")"
        guard let plugin,
            let provider = PluginSettings(block: block, node: node).provider(
                of: plugin, for: audiences.isEmpty ? nil : endpoint, context: PluginContext(logger: logger)),
            let endpoint, let name, let path, let injector
        else { return nil }
        return EndpointConfiguration(
            name: name, pluginID: plugin.id, provider: provider, endpoint: endpoint, path: path, policy: policy,
            keypair: keypair, injector: injector, subjectToken: subjectToken, token: token.policy, rotation: rotation,
            limits: plugin.defaults.limits, publisher: publisher, probe: probe)
    }

    private func policy() -> AccessPolicy {
        let blocks = block.blocks("azRules") ?? []
        if block["azRules"] == nil || blocks.isEmpty {
            block.warning(
                "azRules",
                "there is no rule, so nobody may have a token of this endpoint; "
                    + "write one such as {scope: filter, constraint: (namespace=myns)}"
            )
        }
        var rules: [AccessRule] = []
        for (_, rule) in blocks {
            let scope = rule.requiredText("scope", "filter, group or dn")
            let constraint = rule.requiredText("constraint", "a filter such as (namespace=myns)")
            guard let scope, let constraint else { continue }
            do {
                let accepted = try AccessRule(scope: scope, constraint: constraint)
                for warning in accepted.warnings { rule.warning("constraint", warning) }
                if let refusal = metadata.refusal(of: accepted.metadataAttributes) {
                    rule.error("constraint", refusal)
                }
                rules.append(accepted)
            } catch {
                if case .unknownScope = error {
                    rule.error("scope", "\(error)")
                } else {
                    rule.error("constraint", "\(error)")
                }
            }
        }
        return AccessPolicy(rules: rules)
    }

    private func subjectToken() -> EndpointConfiguration.SubjectTokenPolicy {
        let block = block.block("subjectToken")
        let acceptsAPIServer = block.boolean("acceptApiServerAudience") ?? false
        if acceptsAPIServer {
            block.warning(
                "acceptApiServerAudience",
                "takes ServiceAccount tokens that are not made for the gateway, so whoever a Pod sends its default token "
                    + "to can replay it here; turn it off when no OpenUnison sidecar is left"
            )
        }
        return .init(
            audiences: (block.texts("audiences") ?? [context.subjectAudience]).sorted(),
            acceptAPIServerAudience: acceptsAPIServer, requirePod: block.boolean("requirePod") ?? true)
    }

    private func rotation() -> EndpointConfiguration.Rotation {
        let block = block.block("rotation")
        let rotation = EndpointConfiguration.Rotation(
            every: block.duration("every") ?? 2_592_000, propagation: block.duration("propagation") ?? 7_200,
            maximumAge: block.duration("maxAge") ?? 300)
        if rotation.propagation < 2 * rotation.maximumAge {
            block.error(
                "propagation",
                "is shorter than twice maxAge (\(ConfigurationDuration.text(2 * rotation.maximumAge))), so an edge and "
                    + "then a verifier could still lack the key; make it longer")
        }
        if rotation.every <= rotation.propagation {
            let propagation = ConfigurationDuration.text(rotation.propagation)
            block.error(
                "every", "is not longer than propagation (\(propagation)), so no key would sign in time; make it longer"
            )
        }
        return rotation
    }

    private func probe() -> EndpointConfiguration.Probe {
        let publish = block.block("publish")
        let probe = publish.block("probe")
        let proxy = probe.text("proxy")
        if let proxy, ProxyAddress(proxy) == nil {
            probe.error("proxy", "\(probe.quote(proxy, "proxy")) does not fit; write http://HOST:PORT")
        }
        return EndpointConfiguration.Probe(
            isEnabled: probe.boolean("enabled") ?? true, connectTo: probe.listenAddress("connectTo"),
            authorityFile: probe.text("caFile"), proxy: proxy, interval: probe.duration("interval") ?? 300)
    }

    /// nil where nothing is said of a publisher: `publish: {probe: …}` alone is about reading.
    private func publisher(for endpoint: Endpoint?) -> EndpointConfiguration.Publisher? {
        guard case .mapping(let members, let line) = block["publish"] else { return nil }
        let own = members.filter { $0.key != "plugin" && $0.key != "probe" }
        let publish = block.block("publish")
        let named = publish["plugin"] == nil ? plugin : Self.mounted(publish, catalog: catalog)
        guard publish["plugin"] != nil || !own.isEmpty else { return nil }
        guard let named else { return nil }
        let settings = PluginSettings(block: block, node: node)
        guard let endpoint,
            let plan = settings.publisher(of: named, for: endpoint, settings: .mapping(own, line: line))
        else { return nil }
        return EndpointConfiguration.Publisher(pluginID: named.id, plan: plan)
    }
}
