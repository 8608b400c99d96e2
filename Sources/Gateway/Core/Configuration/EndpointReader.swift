import GatewayPluginAPI
import JOSE
import Logging

/// Reads one of `sts.endpoints`. Every key is read in any case, so that all problems are reported at once.
struct EndpointReader {
    let block: ConfigurationBlock<EndpointKeys>
    let issuerBlock: ConfigurationBlock<IssuerKeys>
    let name: String?
    let path: PathPrefix?
    let issuer: Issuer?
    let keypair: String?
    let profile: RelyingPartyProfile?
    let injector: EndpointConfiguration.Injector?

    let cluster: String
    private let catalog: PluginCatalog
    private let context: ConfigurationContext
    private let metadata: MetadataNeeds
    private let audiences: [String]

    init(
        _ block: ConfigurationBlock<EndpointKeys>, cluster: String, catalog: PluginCatalog,
        context: ConfigurationContext, metadata: MetadataNeeds
    ) {
        self.block = block
        self.cluster = cluster
        self.catalog = catalog
        self.context = context
        self.metadata = metadata
        let name = block.name
        self.name = name
        path = block.isSet(\.path) ? block.path : name.flatMap { PathPrefix("/\($0)") }
        let audiences = block.audience
        profile = RelyingPartyProfile(block, name: name, audiences: audiences ?? [], catalog: catalog)
        let settings = PresetSettings(block, profile)
        self.audiences = Self.audiences(
            block, given: audiences, profile: profile, settings: settings,
            context: PluginContext(logger: context.logger))
        issuerBlock = block.issuer
        keypair = issuerBlock.keypair
        issuer = Self.issuer(issuerBlock, name: name, cluster: cluster, limits: profile?.defaults.limits)
        if !issuerBlock.isSet(\.host), !Self.hasPublisher(block), !issuerBlock.isSet(\.keysURL) {
            _ = issuerBlock.required(\.host)
        }
        injector = InjectorReader(block, profile: profile, settings: settings).read()
    }

    /// The endpoint; nil if it is not complete or not valid.
    func read() -> EndpointConfiguration? {
        let policy = self.policy()
        let subjectToken = self.subjectToken()
        let token = TokenReader(block, profile: profile, cluster: cluster, metadata: metadata)
        let isServedByOpenUnison = block.isServedByOpenUnison ?? false
        let probe = self.probe()
        let endpoint: Endpoint? =
            if let name, let issuer {
                Endpoint(
                    name: name, cluster: cluster, issuer: issuer, audiences: audiences, algorithm: token.algorithm,
                    rsaKeySize: token.keySize, timeToLive: token.policy.timeToLive)
            } else {
                nil
            }
        if case .mapping(let members, _) = block.publish.node, members.isEmpty, block.isSet(\.publish) {
            block.warning(
                \.publish, "is empty, so that nothing is published; add the keys of a publisher, or remove it")
        }
        // What it says about an absent audience would be a consequence.
        let publisher = self.publisher(for: audiences.isEmpty ? nil : endpoint)
        let rotation = self.rotation(publisher?.plan.keyHandOver)
        let provision = EndpointConfiguration.Provision(block.provision)
        checkHost(publisher, probe: probe)
        if publisher == nil, !probe.isEnabled, !isServedByOpenUnison {
            block.publish.probe.warning(
                \.enabled,
                "neither publication nor probe is configured, so that a new key signs after rotation.propagation even if "
                    + "it is not published; enable the probe")
        }
        var logger = context.logger
        logger[metadataKey: "endpoint"] = "\(name ?? "")"
        guard let profile,
            let provider = PluginSettings(block, preset: profile.preset).provider(
                of: profile.plugin, for: audiences.isEmpty ? nil : endpoint, context: PluginContext(logger: logger)),
            let endpoint, let name, let path, let injector
        else { return nil }
        return EndpointConfiguration(
            name: name, pluginID: profile.plugin.id, provider: provider, endpoint: endpoint, path: path, policy: policy,
            keysURL: issuerBlock.keysURL, keypair: keypair, injector: injector, subjectToken: subjectToken,
            token: token.policy, rotation: rotation,
            limits: profile.defaults.limits, publisher: publisher, probe: probe, provision: provision,
            allowsAnyOrigin: issuerBlock.cors)
    }

    private func policy() -> AccessPolicy {
        let blocks = block.rules ?? []
        if blocks.isEmpty {
            block.warning(
                \.rules,
                "azRules is empty; every request will be denied; "
                    + "add a rule such as {scope: filter, constraint: (namespace=myns)}")
        }
        var rules: [AccessRule] = []
        for block in blocks {
            let (scope, constraint) = (block.scope, block.constraint)
            guard let scope, let constraint else { continue }
            do {
                let rule = try AccessRule(scope: scope, constraint: constraint, mode: block.mode)
                for warning in rule.warnings { block.warning(\.constraint, warning) }
                if let problem = metadata.problem(of: rule.metadataAttributes) { block.error(\.constraint, problem) }
                if rule.mode == .audit, !rule.metadataAttributes.isEmpty {
                    block.error(
                        \.mode,
                        "invalid value \"audit\" for a rule with labels or annotations, which are read for a decision "
                            + "only; use other attributes")
                }
                rules.append(rule)
            } catch {
                if case .unknownScope = error {
                    block.error(\.scope, "\(error)")
                } else {
                    block.error(\.constraint, "\(error)")
                }
            }
        }
        if !rules.isEmpty, rules.allSatisfy({ $0.mode == .audit }) {
            block.warning(
                \.rules,
                "every rule has mode audit, so every request will be denied; add a rule without it")
        }
        return AccessPolicy(rules: rules)
    }

    private func subjectToken() -> EndpointConfiguration.SubjectTokenPolicy {
        let block = block.subjectToken
        let acceptsAPIServer = block.acceptsAPIServerAudience
        if acceptsAPIServer {
            block.warning(
                \.acceptsAPIServerAudience,
                "accepts ServiceAccount tokens that are not issued for the gateway, so that whoever receives a Pod's "
                    + "default token can replay it here; turn it off when no OpenUnison sidecar is left")
        }
        return .init(
            audiences: (block.audiences ?? [context.subjectAudience]).sorted(),
            acceptAPIServerAudience: acceptsAPIServer, requirePod: block.requiresPod)
    }

    /// - Parameter keys: the hand-over of the keys; nil where documents are published, which a CDN and then a verifier cache.
    private func rotation(_ keys: KeyHandOver?) -> EndpointConfiguration.Rotation {
        let block = block.rotation
        let (every, maximumAge) = (block.every, block.maximumAge)
        let floor = keys == nil ? 2 * maximumAge.seconds : 0
        let needed = (keys?.propagation ?? profile?.defaults.propagation ?? .undocumented).newKey
        let propagation = block.propagation ?? ConfigurationDuration(seconds: max(needed, floor))
        if propagation.seconds < floor {
            block.error(
                \.propagation,
                "shorter than twice maxAge (\(ConfigurationDuration(seconds: 2 * maximumAge.seconds))), so that a CDN and "
                    + "then a verifier may lack the key; use a longer duration")
        }
        if every <= propagation {
            block.error(
                \.every,
                "not longer than propagation (\(propagation)), so that no key signs in time; use a longer duration")
        }
        return .init(
            every: every.seconds, propagation: propagation.seconds, maximumAge: maximumAge.seconds,
            activation: block.activation)
    }

    private func probe() -> EndpointConfiguration.Probe {
        let block = block.publish.probe
        return .init(
            isEnabled: block.enabled, connectTo: block.connectTo, authorityFile: block.authorityFile,
            proxy: block.proxy, interval: block.interval.seconds)
    }

    /// Whether a publisher is configured, valid or not.
    static func hasPublisher(_ block: ConfigurationBlock<EndpointKeys>) -> Bool {
        guard case .mapping(let members, _) = block.publish.node else { return false }
        return members.contains { $0.key != "probe" }
    }

    /// nil if no publisher is configured: `publish: {probe: …}` alone configures the probe.
    private func publisher(for endpoint: Endpoint?) -> EndpointConfiguration.Publisher? {
        let publish = block.publish
        guard case .mapping(let members, let line) = publish.node else { return nil }
        let own = members.filter { $0.key != "plugin" && $0.key != "probe" }
        let isNamed = publish.isSet(\.plugin)
        let named =
            isNamed ? publish.plugin.flatMap { catalog.plugin($0, publish.value(of: \.plugin)) } : profile?.plugin
        let settings = ConfigurationNode.mapping(own, line: line)
        guard isNamed || !own.isEmpty, let named, let endpoint,
            let plan = PluginSettings(block).publisher(of: named, for: endpoint, settings: settings)
        else { return nil }
        return EndpointConfiguration.Publisher(
            pluginID: named.id, plan: plan, settings: settings.canonicalText)
    }
}
