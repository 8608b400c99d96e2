import GatewayPluginAPI

/// Creates a ``GatewayConfiguration`` from a parsed file, or reports all of its problems.
package enum ConfigurationLoader {
    /// Reads a configuration. Performs no I/O: files of the configuration are not read.
    ///
    /// - Parameter catalog: the mounted plugins.
    /// - Returns: the configuration, nil if a problem is an error; and every problem, in the order of the file.
    package static func load(
        _ node: ConfigurationNode, catalog: PluginCatalog, context: ConfigurationContext
    ) -> (configuration: GatewayConfiguration?, problems: [ConfigurationProblem]) {
        let problems = ProblemList()
        let root = gatewayBlock(node, problems)
        let cluster = cluster(root)
        let listeners = GatewayConfiguration.Listeners(root.listeners)
        let tls = root.tls
        let certificates = (tls.certificates ?? []).compactMap(GatewayConfiguration.CertificateFiles.init)
        let certificateNames = (tls.names ?? []).map { $0.lowercased() }
        let overlap = tls.overlap
        let policy = TLSPolicy(
            minimum: tls.minimumVersion, ciphers: tls.ciphers.map { $0.compactMap { TLSPolicy.Cipher(rawValue: $0) } })
        if policy.minimum == .tls13, policy.ciphers != nil {
            tls.warning(\.ciphers, "ignored with minimumVersion: TLS1.3; remove it")
        }
        let review = GatewayConfiguration.Review(root.review)
        let keyStore = GatewayConfiguration.KeyStore(root.keyStore)
        let injection = GatewayConfiguration.Injection(root.injection)
        let limits = GatewayConfiguration.Limits(root.limits)
        let log = GatewayConfiguration.Log(level: root.log.level)
        let audit = GatewayConfiguration.Audit(events: root.audit.events)
        let statusHosts = (root.status.hosts ?? []).map { $0.lowercased() }
        let endpoints = endpoints(
            root.sts, cluster: cluster, catalog: catalog, context: context, metadata: MetadataNeeds(review: review))

        guard !problems.hasErrors, let review, let keyStore else { return (nil, problems.sorted) }
        let configuration = GatewayConfiguration(
            cluster: cluster, listeners: listeners, certificates: certificates, certificateNames: certificateNames,
            authorityOverlap: overlap.seconds, tls: policy, review: review, keyStore: keyStore, injection: injection,
            limits: limits, audit: audit, log: log, statusHosts: statusHosts, endpoints: endpoints)
        return (configuration, problems.sorted)
    }

    /// The key store of a file that may be invalid otherwise.
    ///
    /// - Parameter node: nil if the file is not YAML; then the default applies.
    /// - Returns: nil if the keys of the store itself are invalid.
    package static func keyStoreLocation(
        _ node: ConfigurationNode?
    ) -> (keyStore: GatewayConfiguration.KeyStore, kubeconfig: String?)? {
        let root = gatewayBlock(node ?? .mapping([], line: 0), ProblemList())
        guard let keyStore = GatewayConfiguration.KeyStore(root.keyStore) else { return nil }
        guard case .kubernetes(let kubeconfig) = GatewayConfiguration.Review(root.review) else {
            return (keyStore, nil)
        }
        return (keyStore, kubeconfig)
    }

    /// The file without the keys of OpenUnison's `values.yaml` that are ignored.
    private static func gatewayBlock(
        _ node: ConfigurationNode, _ problems: ProblemList
    ) -> ConfigurationBlock<GatewayKeys> {
        var node = node
        if case .mapping(let members, let line) = node {
            let ignored = members.filter { GatewayKeys.ignored.contains($0.key) }
            if let first = ignored.first {
                let names = ignored.map(\.key).joined(separator: ", ")
                problems.warning(
                    at: "", line: first.value.line,
                    "of OpenUnison's keys only sts and k8s_cluster_name are read; ignored: \(names)")
            }
            node = .mapping(members.filter { !GatewayKeys.ignored.contains($0.key) }, line: line)
        }
        let value = ConfigurationValue(node: node.isNull ? nil : node, keyPath: "", line: node.line, problems: problems)
        return ConfigurationBlock(value, .all, GatewayKeys.type.description.keys)
    }

    private static func cluster(_ root: ConfigurationBlock<GatewayKeys>) -> String {
        let ofOpenUnison = root.openUnisonCluster
        let own = root.cluster
        return root.isSet(\.cluster) ? own : ofOpenUnison ?? own
    }

    private static func endpoints(
        _ sts: ConfigurationBlock<STSKeys>, cluster: String, catalog: PluginCatalog, context: ConfigurationContext,
        metadata: MetadataNeeds
    ) -> [EndpointConfiguration] {
        if sts.image != nil {
            sts.warning(\.image, "OpenUnison's key is ignored; injection.sidecar.image is the sidecar's image")
        }
        if sts.isSet(\.openUnison) {
            _ = sts.openUnison
            sts.warning(\.openUnison, "OpenUnison's key is ignored; it may be removed")
        }
        guard let blocks = sts.endpoints else { return [] }
        if blocks.isEmpty {
            sts.warning(\.endpoints, "the list is empty, so that the gateway issues no tokens; add an endpoint")
        }
        let readers = blocks.map {
            EndpointReader($0, cluster: cluster, catalog: catalog, context: context, metadata: metadata)
        }
        let endpoints = readers.map { $0.read() }
        let collisions = EndpointCollisions(readers)
        collisions.report(places: endpoints.map { $0?.publisher?.plan.location })
        collisions.report(handOvers: endpoints.map { $0?.publisher?.plan.keyHandOver })
        return endpoints.compactMap(\.self)
    }
}
