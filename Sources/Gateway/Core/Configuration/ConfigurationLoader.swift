import GatewayPluginAPI

/// Makes a ``GatewayConfiguration`` of a parsed file, or says all that keeps it from being one.
package enum ConfigurationLoader {
    /// Does no I/O: files that the configuration names are not looked at.
    ///
    /// - Parameter catalog: the plugins that endpoints may name.
    /// - Returns: the configuration, nil where a problem is an error; and every problem, in the order of the file.
    package static func load(
        _ node: ConfigurationNode, catalog: PluginCatalog, context: ConfigurationContext
    ) -> (configuration: GatewayConfiguration?, problems: [ConfigurationProblem]) {
        let problems = ProblemList()
        let root = gatewayReader(node, problems)
        let cluster = self.cluster(root)
        let listeners = GatewayConfiguration.Listeners(root.block("listeners"))
        let tls = root.block("tls")
        let certificates = GatewayConfiguration.CertificateFiles.list(tls)
        let certificateNames = GatewayConfiguration.certificateNames(tls)
        let authorityOverlap = tls.duration("overlap") ?? 3_600
        let review = GatewayConfiguration.Review(root.block("review"))
        let keyStore = GatewayConfiguration.KeyStore(root.block("keyStore"))
        let injection = GatewayConfiguration.Injection(root.block("injection"))
        let limits = GatewayConfiguration.Limits(root.block("limits"))
        let log = GatewayConfiguration.Log(root.block("log"))
        let audit = GatewayConfiguration.Audit(root.block("audit"))
        let endpoints = self.endpoints(
            root, cluster: cluster, catalog: catalog, context: context, metadata: MetadataNeeds(review: review))

        guard !problems.hasErrors, let review, let keyStore else { return (nil, problems.sorted) }
        let configuration = GatewayConfiguration(
            cluster: cluster, listeners: listeners, certificates: certificates, certificateNames: certificateNames,
            authorityOverlap: authorityOverlap,
            review: review, keyStore: keyStore, injection: injection, limits: limits, audit: audit, log: log,
            endpoints: endpoints)
        return (configuration, problems.sorted)
    }

    /// The file's keys, without those of OpenUnison that a `values.yaml` may have beside ours.
    static func gatewayReader(_ node: ConfigurationNode, _ problems: ProblemList) -> BlockReader {
        guard case .mapping(let members, let line) = node else {
            return BlockReader(node.isNull ? nil : node, at: "", line: 1, as: .gateway, problems: problems)
        }
        let ignored = members.filter { ConfigurationBlock.ignoredOpenUnisonKeys.contains($0.key) }
        if let first = ignored.first {
            let names = ignored.map(\.key).joined(separator: ", ")
            problems.warning(
                at: "", line: first.value.line,
                "of OpenUnison's keys the gateway reads sts and k8s_cluster_name; it passes over \(names)")
        }
        let own = members.filter { !ConfigurationBlock.ignoredOpenUnisonKeys.contains($0.key) }
        return BlockReader(.mapping(own, line: line), at: "", as: .gateway, problems: problems)
    }

    private static func cluster(_ root: BlockReader) -> String {
        var name = "kubernetes"
        for key in ["k8s_cluster_name", "cluster"] {
            guard let text = root.text(key) else { continue }
            guard (1...63).contains(text.utf8.count), text.utf8.allSatisfy(isOfClusterName) else {
                root.error(
                    key, #"\#(root.quote(text, key)) does not fit; write 63 letters, digits, ".", "_" and "-" at most"#)
                continue
            }
            name = text
        }
        return name
    }

    private static func isOfClusterName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "._-".utf8.contains(byte)
        }
    }

    private static func endpoints(
        _ root: BlockReader, cluster: String, catalog: PluginCatalog, context: ConfigurationContext,
        metadata: MetadataNeeds
    ) -> [EndpointConfiguration] {
        let sts = root.block("sts")
        if sts.text("image") != nil {
            sts.warning("image", "is OpenUnison's and not used; injection.sidecar.image names the sidecar's image")
        }
        if let node = sts["openunison"] {
            if case .mapping = node {} else { sts.mismatch("openunison", node) }
            sts.warning("openunison", "is OpenUnison's and not used; it may be left out")
        }
        guard let blocks = sts.blocks("endpoints"), !blocks.isEmpty else {
            if sts["endpoints"] == nil { sts.error("endpoints", "is missing; write a list of one endpoint or more") }
            if case .sequence = sts["endpoints"] {
                sts.warning("endpoints", "is empty, so the gateway issues no token; add an endpoint")
            }
            return []
        }
        let readers = blocks.map { block in
            EndpointReader(
                node: block.node, block: block.reader, cluster: cluster, catalog: catalog, context: context,
                metadata: metadata)
        }
        let endpoints = readers.map { $0.read() }
        EndpointCollisions(readers).report(places: endpoints.map { $0?.publisher?.plan.location })
        return endpoints.compactMap(\.self)
    }
}
