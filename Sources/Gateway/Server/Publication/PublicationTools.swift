import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import JOSE
import Logging
import ServiceLifecycle

/// Opens publishers and probes, with the HTTP transport, files and environment of this process.
struct PublicationTools: Sendable {
    /// The publisher of an endpoint, nil where it has none, and its probe.
    struct Opened: Sendable {
        let publisher: (any DiscoveryPublisher)?
        let probe: IssuerProbe
    }

    let transport: PluginTransport
    let probeClients = ProbeClients()
    private let rules: ProxyRules
    private let host: HostEnvironment
    private let clock: ClockComparison?
    private let logger: Logger

    /// - Parameter clock: takes the `Date` fields of issuer URLs; nil where another server decides.
    init(in host: HostEnvironment, clock: ClockComparison? = nil, logger: Logger) {
        self.clock = clock
        rules = ProxyRules(environment: host.environment)
        if rules.misread != nil {
            logger.warning("invalid HTTPS_PROXY ignored", metadata: ["expected": "http://HOST:PORT"])
        }
        transport = PluginTransport(rules: rules)
        self.host = host
        self.logger = logger
    }

    /// Shuts down the clients. For commands; services shut down by themselves.
    func close() async {
        try? await probeClients.shutdown()
        try? await transport.shutdown()
    }

    func logger(for endpoint: String) -> Logger {
        var logger = logger
        logger[metadataKey: "endpoint"] = "\(endpoint)"
        return logger
    }

    /// Opens the publisher and the probe of an endpoint.
    ///
    /// - Parameter isByAdministrator: whether the credentials of the person who runs the command are used instead of
    ///   the gateway's.
    func open(
        _ configuration: EndpointConfiguration, keys: CurrentSigningKeys, isByAdministrator: Bool = false
    ) -> Opened {
        let files = LocalPublisherFiles(resolve: host.resolve)
        let probe = IssuerProbe(
            configuration.issuer, settings: configuration.probe, rules: rules, files: files,
            clients: probeClients, clock: clock)
        let now = host.clock
        let context = PublisherContext(
            logger: logger(for: configuration.name), transport: transport, now: now,
            maximumAge: configuration.rotation.maximumAge,
            environment: { [environment = host.environment] in environment[$0] }, files: files,
            ownToken: { () throws(PublishError) in
                var random = SystemRandomNumberGenerator()
                let tokenID = TokenID(randomBits: (random.next(), random.next()))
                guard
                    let token = PublisherToken.issue(
                        configuration, keys: keys.confirmedSnapshot, at: now(), tokenID: tokenID)
                else { throw PublishError(.unavailable, "the endpoint has no active signing key") }
                return token
            },
            isOwnKeyPublic: {
                guard let own = keys.snapshot.active?.signingKey.keyID else { return nil }
                // A key set that this process cannot read counts as not public.
                guard case .content(let content, _) = await probe.read(.keys),
                    let published = try? JSONWebKeySet(parsing: content)
                else { return false }
                return published.keys.contains { $0.keyID == own }
            }, isByAdministrator: isByAdministrator)
        return Opened(publisher: configuration.publisher?.plan.open(context), probe: probe)
    }
}
