import KubernetesAPI

// How the blocks outside of `sts` become values. What is not good is on the reader's problem list and has its default.

extension GatewayConfiguration.Listeners {
    init(_ block: BlockReader) {
        tokens = Self.address(block, "tokens", port: 8_443)
        webhook = Self.address(block, "webhook", port: 9_443)
        admin = Self.address(block, "admin", port: 9_090)
        // Port 0 is a free one each time.
        let named = [("tokens", tokens), ("webhook", webhook), ("admin", admin)].filter { $0.1.port != 0 }
        for (index, listener) in named.enumerated() {
            guard let other = named[..<index].first(where: { $0.1 == listener.1 }) else { continue }
            block.error(
                listener.0,
                "\(block.quote(listener.1.description, listener.0)) is used by \(block.path(other.0)) already; "
                    + "give each listener its own port"
            )
        }
    }

    private static func address(_ block: BlockReader, _ key: String, port: Int) -> ListenAddress {
        block.listenAddress(key) ?? ListenAddress(host: "0.0.0.0", port: port)
    }
}

extension GatewayConfiguration.CertificateFiles {
    static func list(_ block: BlockReader) -> [Self] {
        (block.blocks("certificates") ?? []).compactMap { _, pair in
            let certificate = pair.requiredText("certificate", "the path of a PEM file")
            let key = pair.requiredText("key", "the path of a PEM file")
            guard let certificate, let key else { return nil }
            return Self(certificate: certificate, key: key, authority: pair.text("ca"))
        }
    }
}

extension GatewayConfiguration {
    /// `tls.names`, in lower case.
    static func certificateNames(_ block: BlockReader) -> [String] {
        (block.texts("names") ?? []).map { $0.lowercased() }.filter { name in
            let labels = name.hasPrefix("*.") ? name.dropFirst(2) : name[...]
            if KubernetesName.isSubdomain(String(labels)) { return true }
            block.error("names", "\(block.quote(name, "names")) does not fit; write a DNS name")
            return false
        }
    }
}

extension GatewayConfiguration.Review {
    init?(_ block: BlockReader) {
        let nested = block.block("offline")
        let flat = ["jwks", "issuer"].filter { block[$0] != nil }
        let hasOffline = block["offline"] != nil
        let kind = block.choice("kind") ?? (hasOffline || !flat.isEmpty ? "offline" : "kubernetes")
        guard kind == "offline" else {
            for key in (hasOffline ? ["offline"] : []) + flat {
                block.error(key, "is of no use beside kind: kubernetes; write kind: offline, or leave it out")
            }
            self = .kubernetes(kubeconfig: block.text("kubeconfig"))
            return
        }
        if block["kubeconfig"] != nil {
            block.error("kubeconfig", "is of no use beside kind: offline; leave one of them out")
        }
        if hasOffline {
            for key in flat { block.error(key, "is there beside offline; write it within offline only") }
        }
        let source = hasOffline ? nested : block
        let keys = source.requiredText("jwks", "a file or an https URL").flatMap { text in
            let keys = GatewayConfiguration.KeySetSource(text)
            if keys == nil {
                source.error(
                    "jwks",
                    "\(source.quote(text, "jwks")) does not fit; write a file, or an https URL (http on loopback only)")
            }
            return keys
        }
        let issuer = source.requiredText("issuer", "the iss of the cluster's ServiceAccount tokens")
        guard let keys, let issuer else { return nil }
        self = .offline(keys: keys, issuer: issuer)
    }
}

extension GatewayConfiguration.KeySetSource {
    init?(_ text: String) {
        guard let end = text.firstRange(of: "://") else {
            self = .file(text)
            return
        }
        let rest = text[end.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        guard !authority.isEmpty, !authority.contains("@"), !rest.contains("#"), !rest.contains(" ") else { return nil }
        switch text[..<end.lowerBound].lowercased() {
        case "https": self = .url(text)
        case "http":
            let isLoopback = ["localhost", "127.0.0.1", "[::1]"].contains { host in
                authority == host || authority.hasPrefix(host + ":")
            }
            guard isLoopback else { return nil }
            self = .url(text)
        default: return nil
        }
    }
}

extension GatewayConfiguration.KeyStore {
    init?(_ block: BlockReader) {
        let directory = block.text("directory")
        let path = block.text("path")
        if directory != nil, path != nil { block.error("path", "is there beside directory; leave one of them out") }
        let kind = block.choice("kind") ?? (directory == nil && path == nil ? "kubernetes" : "directory")
        if kind == "kubernetes" {
            for key in ["directory", "path"] where block[key] != nil {
                block.error(key, "is of no use beside kind: kubernetes; write kind: directory, or leave it out")
            }
            self = .kubernetes
        } else if let place = directory ?? path {
            self = .directory(place)
        } else {
            if block["directory"] == nil, block["path"] == nil {
                block.error("directory", "is missing; write the path of a directory")
            }
            return nil
        }
    }
}

extension GatewayConfiguration.Injection {
    init(_ block: BlockReader) {
        prefix = block.text("prefix") ?? "tremolo.io"
        if !KubernetesName.isSubdomain(prefix) {
            block.error("prefix", "\(block.quote(prefix, "prefix")) does not fit; write a DNS name in lower case")
        }
        gatewayURL = block.text("gatewayURL")
        if let gatewayURL, !gatewayURL.hasPrefix("https://") || gatewayURL.utf8.count == "https://".utf8.count {
            block.error("gatewayURL", "\(block.quote(gatewayURL, "gatewayURL")) does not fit; write an https URL")
        }
        position = Self.position(block)
        let sidecar = block.block("sidecar")
        sidecarImage = sidecar.text("image")
        sidecarMode = sidecar.choice("mode", of: SidecarMode.self) ?? .auto
        tokenMode = Self.tokenMode(sidecar)
        resources = SidecarResources(sidecar.block("resources"))
        subjectTokenLifetime = block.duration("subjectTokenLifetime") ?? 3_600
        readsServiceAccounts = block.boolean("serviceAccountAnnotations") ?? false
        uninjectedPods = UninjectedPods(block.block("uninjectedPods"))
        webhook = Webhook(block.block("webhook"))
    }

    /// As `chmod` takes it. A number of YAML would be read with another base by half of its readers.
    private static func tokenMode(_ block: BlockReader) -> Int {
        guard let text = block.text("tokenMode") else { return 0o644 }
        let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
        guard (3...4).contains(digits.utf8.count), let mode = Int(digits, radix: 8), mode <= 0o777,
            mode & 0o400 != 0, mode & 0o133 == 0
        else {
            block.error(
                "tokenMode",
                "\(block.quote(text, "tokenMode")) does not fit; write a file's mode that its owner may read and nobody "
                    + "else may change, such as \"0644\" or \"0440\"")
            return 0o644
        }
        return mode
    }

    private static func position(_ block: BlockReader) -> Position {
        guard case .mapping = block["position"] else { return block.choice("position") == "last" ? .last : .first }
        let after = block.block("position")
        guard let container = after.requiredText("after", "the name of a container") else { return .first }
        if !KubernetesName.isLabel(container) {
            after.error("after", "\(after.quote(container, "after")) does not fit; write the name of a container")
        }
        return .after(container)
    }
}

extension GatewayConfiguration.Injection.UninjectedPods {
    init(_ block: BlockReader) {
        isEnabled = block.boolean("enabled") ?? true
        interval = block.duration("interval") ?? 300
    }
}

extension GatewayConfiguration.Injection.Webhook {
    init(_ block: BlockReader) {
        service = Self.name(block, "service") ?? "sts-gateway-webhook"
        configurationPrefix = Self.name(block, "configuration") ?? "sts-gateway"
        clientAuthorityFile = block.text("clientCA")
        concurrency = block.integer("concurrency") ?? 64
    }

    private static func name(_ block: BlockReader, _ key: String) -> String? {
        guard let text = block.text(key) else { return nil }
        if KubernetesName.isLabel(text) { return text }
        block.error(
            key, "\(block.quote(text, key)) does not fit; write 63 lower-case letters, digits and \"-\" at most")
        return nil
    }
}

extension GatewayConfiguration.Audit {
    init(_ block: BlockReader) { events = block.boolean("events") ?? true }
}

extension GatewayConfiguration.Limits {
    init(_ block: BlockReader) {
        bodyBytes = block.integer("bodyBytes") ?? 65_536
        headerBytes = block.integer("headerBytes") ?? 16_384
        readTimeout = block.duration("readTimeout") ?? 10
        idleTimeout = block.duration("idleTimeout") ?? 60
        connections = block.integer("connections") ?? 4_096
        drainDelay = block.duration("drainDelay")
    }
}

extension GatewayConfiguration.Log {
    init(_ block: BlockReader) { level = block.choice("level", of: Level.self) ?? .info }
}
