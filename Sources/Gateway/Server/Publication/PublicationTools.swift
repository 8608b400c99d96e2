import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import JOSE
import Logging
import ServiceLifecycle

/// What publication needs of this machine, and the opening of publishers and probes with it.
struct PublicationTools: Sendable {
    /// An endpoint's publisher, where it has one, and its probe.
    struct Opened: Sendable {
        let publisher: (any DiscoveryPublisher)?
        let probe: IssuerProbe
    }

    let transport: PluginTransport
    let probeClients = ProbeClients()
    private let rules: ProxyRules
    private let surroundings: HostEnvironment
    private let logger: Logger

    init(in surroundings: HostEnvironment, logger: Logger) {
        rules = ProxyRules(environment: surroundings.environment)
        if rules.misread != nil {
            logger.warning("HTTPS_PROXY is no http://HOST:PORT, and does not hold")
        }
        transport = PluginTransport(rules: rules)
        self.surroundings = surroundings
        self.logger = logger
    }

    /// Ends what was opened by hand; services end by themselves.
    func close() async {
        try? await probeClients.shutdown()
        try? await transport.shutdown()
    }

    func logger(for endpoint: String) -> Logger {
        var logger = logger
        logger[metadataKey: "endpoint"] = "\(endpoint)"
        return logger
    }

    /// - Parameter isByAdministrator: whether somebody's own credentials are to be used, not the gateway's.
    func open(
        _ configuration: EndpointConfiguration, keys: CurrentSigningKeys, isByAdministrator: Bool = false
    ) -> Opened {
        let files = LocalPublisherFiles(resolve: surroundings.resolve)
        let probe = IssuerProbe(
            configuration.issuer, settings: configuration.probe, rules: rules, files: files,
            clients: probeClients)
        let clock = surroundings.clock
        let context = PublisherContext(
            logger: logger(for: configuration.name), transport: transport, now: clock,
            maximumAge: configuration.rotation.maximumAge,
            environment: { [environment = surroundings.environment] in environment[$0] }, files: files,
            ownToken: { () throws(PublishError) in
                var random = SystemRandomNumberGenerator()
                let tokenID = TokenID(randomBits: (random.next(), random.next()))
                guard
                    let token = PublisherToken.issue(
                        configuration, keys: keys.snapshot(at: clock()), at: clock(), tokenID: tokenID)
                else { throw PublishError(.unavailable, "the endpoint has no key that signs") }
                return token
            },
            isOwnKeyPublic: {
                guard let own = keys.snapshot.active?.signingKey.keyID else { return nil }
                // What cannot be read is no more public to others than to us.
                guard case .content(let content, _) = await probe.read(.keys),
                    let published = try? JSONWebKeySet(parsing: content)
                else { return false }
                return published.keys.contains { $0.keyID == own }
            }, isByAdministrator: isByAdministrator)
        return Opened(publisher: configuration.publisher?.plan.open(context), probe: probe)
    }
}
