// Reads the blocks other than `sts`. An invalid key is reported and has its default.

extension GatewayConfiguration.Listeners {
    init(_ block: ConfigurationBlock<ListenerKeys>) {
        tokens = block.tokens
        webhook = block.webhook
        admin = block.admin
        let listeners = [(\ListenerKeys.tokens, tokens), (\.webhook, webhook), (\.admin, admin)]
        for (index, (key, address)) in listeners.enumerated() {
            // Port 0 is a different free port each time.
            guard address.port != 0, let other = listeners[..<index].first(where: { $0.1 == address }) else { continue }
            block.error(key, "duplicate of \(block.value(of: other.0).keyPath) (\"\(address)\"); use a different port")
        }
    }
}

extension GatewayConfiguration.CertificateFiles {
    init?(_ block: ConfigurationBlock<CertificateKeys>) {
        let (certificate, key, authority) = (block.certificate, block.key, block.authority)
        guard let certificate, let key else { return nil }
        self.init(certificate: certificate, key: key, authority: authority)
    }
}

extension GatewayConfiguration.Review {
    init?(_ block: ConfigurationBlock<ReviewKeys>) {
        let isNested = block.isSet(\.offline)
        let flat = [block.value(of: \.keySet), block.value(of: \.issuer)].filter { $0.node != nil }
        switch block.kind ?? (isNested || !flat.isEmpty ? .offline : .kubernetes) {
        case .kubernetes:
            for value in (isNested ? [block.value(of: \.offline)] : []) + flat {
                value.error("not supported with kind: kubernetes; set kind: offline or remove the key")
            }
            self = .kubernetes(kubeconfig: block.kubeconfig)
        case .offline:
            if block.isSet(\.kubeconfig) { block.error(\.kubeconfig, "not supported with kind: offline; remove it") }
            if isNested { for value in flat { value.error("not supported beside offline; move it into offline") } }
            let nested = block.offline
            let keys = isNested ? nested.required(\.keySet) : block.required(\.keySet)
            let issuer = isNested ? nested.required(\.issuer) : block.required(\.issuer)
            guard let keys, let issuer else { return nil }
            self = .offline(keys: keys, issuer: issuer)
        }
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
    init?(_ block: ConfigurationBlock<KeyStoreKeys>) {
        let (directory, path) = (block.directory, block.path)
        if directory != nil, path != nil {
            block.error(\.path, "duplicate of \(block.keyPath).directory; remove one of them")
        }
        switch block.kind ?? (directory == nil && path == nil ? .kubernetes : .directory) {
        case .kubernetes:
            for key in [\KeyStoreKeys.directory, \.path] where block.isSet(key) {
                block.error(key, "not supported with kind: kubernetes; set kind: directory or remove the key")
            }
            self = .kubernetes
        case .directory:
            guard let place = directory ?? path ?? (block.isSet(\.path) ? nil : block.required(\.directory)) else {
                return nil
            }
            self = .directory(place)
        }
    }
}

extension GatewayConfiguration.Injection {
    init(_ block: ConfigurationBlock<InjectionKeys>) {
        let sidecar = block.sidecar
        prefix = block.prefix
        gatewayURL = block.gatewayURL
        admission = block.admission
        isManaged = block.manage
        delivery = block.delivery
        nodeDriver = block.nodeDriver ?? (block.delivery == .csi ? block.required(\.nodeDriver) : nil)
        caConfigMap = block.caConfigMap
        position = block.position
        sidecarImage = sidecar.image
        sidecarMode = sidecar.mode
        tokenMode = sidecar.tokenMode
        resources = SidecarResources(sidecar.resources)
        sidecarSecurity = SidecarSecurity(
            user: sidecar.securityContext.runAsUser, group: sidecar.securityContext.runAsGroup,
            hasSeccompProfile: sidecar.securityContext.seccompProfile)
        meshProxies = block.meshProxies ?? []
        subjectTokenLifetime = block.subjectTokenLifetime.seconds
        readsServiceAccounts = block.serviceAccountAnnotations
        uninjectedPods = UninjectedPods(
            isEnabled: block.uninjectedPods.enabled, interval: block.uninjectedPods.interval.seconds)
        webhook = Webhook(
            service: block.webhook.service, configurationPrefix: block.webhook.configuration,
            excludedNamespaces: block.webhook.excludedNamespaces,
            clientAuthorityFile: block.webhook.clientAuthority, concurrency: block.webhook.concurrency)
    }
}

extension SidecarResources {
    init(_ block: ConfigurationBlock<ResourceKeys>) {
        let (requests, limits) = (block.requests, block.limits)
        requestedCPU = requests.cpu
        requestedMemory = requests.memory
        cpuLimit = limits.cpu
        memoryLimit = limits.memory
        requestedEphemeralStorage = requests.ephemeralStorage
        ephemeralStorageLimit = limits.ephemeralStorage
    }
}

extension GatewayConfiguration.Limits {
    init(_ block: ConfigurationBlock<LimitKeys>) {
        bodyBytes = block.bodyBytes
        headerBytes = block.headerBytes
        readTimeout = block.readTimeout.seconds
        idleTimeout = block.idleTimeout?.seconds
        connections = block.connections
        drainDelay = block.drainDelay?.seconds
        shutdownTimeout = block.shutdownTimeout?.seconds
        calls = CallLimits(
            serviceAccount: RateLimit(perSecond: block.serviceAccountRate, burst: block.serviceAccountBurst),
            rejected: RateLimit(perSecond: block.rejectionRate, burst: block.rejectionBurst),
            total: RateLimit(perSecond: block.totalRate, burst: block.totalBurst),
            trackedCallers: block.trackedCallers)
        if let contradiction { block.error(\.shutdownTimeout, contradiction) }
    }
}
