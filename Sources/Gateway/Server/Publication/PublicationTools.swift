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
        let publisher: OpenedPublisher?
        let part: Part

        /// Reads the public issuer URL; nil where probing is disabled, or the relying party does not read it.
        var reader: (any IssuerReading)? { part.configuration.isIssuerRead ? part.probe : nil }
    }

    /// How one publication proceeds.
    struct Course: Sendable {
        var reader: (any IssuerReading)?
        /// Whether what belongs to another key ring may be replaced.
        var takeOver = false
        /// Whether nothing is written.
        var isDryRun = false
        /// Seconds; see ``EndpointKeyHandOver/leasePeriod``.
        var leasePeriod = EndpointKeyHandOver.leasePeriod
        /// Renews the lease right before keys are handed over; a command holds none.
        var renewLease: @Sendable (IssuerDocuments) async -> Bool = { _ in true }
        /// Whether this process leads, and the store contains the ring of these documents.
        var mayOverwrite: @Sendable (IssuerDocuments) -> Bool = { _ in false }
        let now: @Sendable () -> Date
        let random: @Sendable () -> Double
    }

    /// Of an endpoint for one configuration.
    struct Part: Sendable {
        let configuration: EndpointConfiguration
        let keys: CurrentSigningKeys
        let probe: IssuerProbe
        /// Whether the successor of a revoked key may sign the publisher's token.
        let maySuccessorSign: @Sendable () -> Bool
        /// Returns the endpoint whose token authorizes the hand-over; nil where it is this one.
        let tokenSource: TokenSource?
    }

    /// Returns another endpoint as it is in force.
    typealias TokenSource = @Sendable () async throws(PublishError) -> Part

    let transport: PluginTransport
    let probeClients = ProbeClients()
    private let rules: ProxyRules
    private let publishers = OpenedPublishers()
    private let host: HostEnvironment
    private let clock: ClockComparison?
    private let logger: Logger

    /// - Parameter clock: takes the `Date` fields of issuer URLs; nil where another server decides.
    init(in host: HostEnvironment, clock: ClockComparison? = nil, logger: Logger) {
        self.clock = clock
        rules = ProxyRules(environment: host.environment)
        if rules.invalid != nil {
            logger.warning(
                "invalid HTTPS_PROXY ignored",
                metadata: ["code": "\(ErrorCode.configurationWarning)", "expected": "http://HOST:PORT"])
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

    /// An endpoint whose publisher was opened before, for the same settings, issuer and audiences, gets the same publisher
    /// with its sessions.
    ///
    /// - Parameters:
    ///   - isByAdministrator: whether somebody's own credentials are to be used, not the gateway's.
    ///   - maySuccessorSign: whether the successor of a revoked key may sign the publisher's token.
    ///   - tokenSource: returns the endpoint whose token authorizes the hand-over; nil where it is this one.
    func open(
        _ configuration: EndpointConfiguration, keys: CurrentSigningKeys, isByAdministrator: Bool = false,
        maySuccessorSign: @escaping @Sendable () -> Bool = { true }, tokenSource: TokenSource? = nil
    ) -> Opened {
        let files = LocalPublisherFiles(resolve: host.resolve)
        let part = part(configuration, keys: keys, maySuccessorSign: maySuccessorSign, tokenSource: tokenSource)
        guard let publisher = configuration.publisher else { return Opened(publisher: nil, part: part) }
        return Opened(
            publisher: publishers.publisher(
                for: part, identity: OpenedPublishers.Identity(configuration, isByAdministrator: isByAdministrator)
            ) { current in
                OpenedPublisher(
                    publisher.plan, context(for: current, configuration, files, isByAdministrator: isByAdministrator))
            }, part: part)
    }

    /// An endpoint whose token is used, without its publisher.
    func part(
        _ configuration: EndpointConfiguration, keys: CurrentSigningKeys,
        maySuccessorSign: @escaping @Sendable () -> Bool, tokenSource: TokenSource? = nil
    ) -> Part {
        Part(
            configuration: configuration, keys: keys, probe: probe(configuration), maySuccessorSign: maySuccessorSign,
            tokenSource: tokenSource)
    }

    /// Creates the HTTP clients that the endpoints' probes share.
    func prepareProbes(of endpoints: [EndpointConfiguration]) {
        probeClients.prepare(endpoints.map { IssuerProbe.route($0.issuer, settings: $0.probe, rules: rules) })
    }

    /// Reads the endpoint's public issuer URL.
    func probe(_ configuration: EndpointConfiguration) -> IssuerProbe {
        IssuerProbe(
            configuration.issuer, settings: configuration.probe, rules: rules,
            files: LocalPublisherFiles(resolve: host.resolve), clients: probeClients, clock: clock)
    }

    /// Forgets the publishers of other endpoints.
    func retain(_ endpoints: [String]) { publishers.retain(Set(endpoints)) }

    private func context(
        for current: @escaping @Sendable () -> Part, _ configuration: EndpointConfiguration,
        _ files: LocalPublisherFiles, isByAdministrator: Bool
    ) -> PublisherContext {
        let now = host.clock
        return PublisherContext(
            logger: logger(for: configuration.name), transport: transport, now: now, sleep: host.sleep,
            maximumAge: configuration.rotation.maximumAge,
            environment: { [environment = host.environment] in environment[$0] }, files: files,
            ownToken: { () throws(PublishError) in try await current().ownToken(at: now) },
            isOwnKeyPublic: {
                let part = current()
                guard part.configuration.isIssuerRead, let own = part.keys.snapshot.publisherKey else { return nil }
                return await part.isPublic(own)
            }, administration: isByAdministrator ? host.administration(for: configuration) : nil)
    }
}

extension PublicationTools {
    /// The publication of an endpoint.
    ///
    /// - Parameter course: its reader is ignored where keys are handed over.
    static func publication(of opened: Opened, _ course: Course) -> any EndpointPublishing {
        let part = opened.part
        let interval = part.configuration.probe.interval
        if case .keys(let recipient, let confirmation) = opened.publisher {
            return EndpointKeyHandOver(
                recipient, confirmation: confirmation, interval: interval, leasePeriod: course.leasePeriod,
                repetition: part.configuration.rotation.propagation, takeOver: course.takeOver,
                isDryRun: course.isDryRun,
                ports: EndpointKeyHandOver.Ports(
                    renewLease: course.renewLease,
                    trialToken: { keyID throws(PublishError) in try part.trialToken(of: keyID, at: course.now()) },
                    mayOverwrite: course.mayOverwrite, now: course.now, random: course.random))
        }
        var publisher: (any DiscoveryPublisher)?
        if case .documents(let documents) = opened.publisher { publisher = documents }
        return EndpointPublication(
            publisher: publisher, reader: course.reader, interval: interval, takeOver: course.takeOver,
            isDryRun: course.isDryRun, mayOverwrite: course.mayOverwrite, now: course.now, random: course.random)
    }
}

extension EndpointConfiguration {
    /// Whether the issuer URL is read back: a relying party that stores the keys itself does not read it.
    var isIssuerRead: Bool { probe.isEnabled && publisher?.plan.keyHandOver == nil }
}

extension PublicationTools.Part {
    /// A token of that key for one trial exchange.
    func trialToken(of keyID: KeyID, at now: Date) throws(PublishError) -> String {
        var random = SystemRandomNumberGenerator()
        let tokenID = TokenID(randomBits: (random.next(), random.next()))
        guard
            let token = PublisherToken.trial(
                configuration, keys: keys.confirmedSnapshot, keyID: keyID, at: now, tokenID: tokenID)
        else { throw PublishError(.unavailable, "the key ring has changed; the trial exchange is repeated") }
        return token
    }

    /// A token of the endpoint for its publisher.
    func ownToken(at clock: @Sendable () -> Date) async throws(PublishError) -> String {
        // The configuration has no chain of such endpoints.
        if let tokenSource { return try await tokenSource().ownToken(at: clock) }
        let snapshot = keys.confirmedSnapshot
        if let key = snapshot.publisherKey, snapshot.active == nil {
            guard maySuccessorSign() else {
                throw PublishError(.unavailable, "no key is active, and this replica may not sign with its successor")
            }
            // A relying party that has read the public key set without the key may keep that for minutes.
            if configuration.isIssuerRead, await !isPublic(key) {
                throw PublishError(
                    .unavailable,
                    "no key is active, and the issuer URL does not serve its successor \(key.keyID) yet; publish the "
                        + "documents with an administrator's credentials, or upload them by hand")
            }
        }
        var random = SystemRandomNumberGenerator()
        let tokenID = TokenID(randomBits: (random.next(), random.next()))
        // Read again: the key ring may have changed meanwhile.
        let current = keys.confirmedSnapshot
        guard current.publisherKey?.keyID == snapshot.publisherKey?.keyID,
            let token = PublisherToken.issue(configuration, keys: current, at: clock(), tokenID: tokenID)
        else { throw PublishError(.unavailable, "the endpoint has no key that signs") }
        return token
    }

    /// Whether the issuer URL serves the key. What this process cannot read, a relying party cannot read either.
    func isPublic(_ key: KeyRing.Key) async -> Bool {
        guard case .content(let content, _) = await probe.read(.keys),
            let published = try? JSONWebKeySet(parsing: content)
        else { return false }
        return published.keys.contains(key.signingKey.publicKey)
    }
}
