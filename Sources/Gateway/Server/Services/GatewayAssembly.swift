import AsyncHTTPClient
public import FoundationEssentials
public import GatewayCore
public import Logging
import NIOCore
public import ServiceLifecycle

/// A gateway put together from its configuration: every key ring opened, every certificate read, ready to run.
public struct GatewayAssembly: Sendable {
    /// In the order of their start; stopped in reverse.
    public let services: [any Service]

    /// What keeps the gateway from starting with a configuration that is good in itself, all at once.
    public struct StartProblems: Error, Sendable {
        public let problems: [ConfigurationProblem]
    }

    /// What a gateway is told beside its configuration.
    public struct Surroundings: Sendable {
        public let version: String
        /// The process's environment variables, for the API server's address inside a cluster.
        public let environment: [String: String]
        /// The gateway's own, in a cluster; nil where nothing tells it.
        public let namespace: String?
        /// Makes a path of the configuration one that can be opened.
        public let resolve: @Sendable (String) -> String
        public let clock: @Sendable () -> Date
        /// Takes whole lines of the audit; false where they were not written.
        public let writeAudit: @Sendable (String) -> Bool

        public init(
            version: String, environment: [String: String], namespace: String?,
            resolve: @escaping @Sendable (String) -> String,
            clock: @escaping @Sendable () -> Date, writeAudit: @escaping @Sendable (String) -> Bool
        ) {
            self.version = version
            self.environment = environment
            self.namespace = namespace
            self.resolve = resolve
            self.clock = clock
            self.writeAudit = writeAudit
        }
    }

    /// - Throws: ``StartProblems``.
    public static func make(
        _ configuration: GatewayConfiguration, in surroundings: Surroundings, logger: Logger
    ) async throws -> GatewayAssembly {
        let clock = surroundings.clock
        let prometheus = PrometheusMetrics()
        let metrics = GatewayMetrics(
            factory: prometheus, endpoints: configuration.endpoints, version: surroundings.version)
        let pacing = Pacing.system(clock: clock)
        let parts = StartParts(
            configuration: configuration, surroundings: surroundings, observe: metrics.observe, pacing: pacing,
            logger: logger)
        guard parts.problems.isEmpty, let keyStore = parts.keyStore, let reviewer = parts.reviewer,
            let certificates = parts.certificates
        else {
            await parts.abandon()
            throw StartProblems(problems: parts.problems)
        }

        let rings = KeyRings(keyStore, endpoints: configuration.endpoints, pacing: pacing, logger: logger)
        let keys = await rings.open()
        let endpoints = zip(configuration.endpoints, keys).map { endpoint, keys in
            MountedEndpoint(configuration: endpoint, keys: keys, reviewer: reviewer, metadata: parts.metadata)
        }
        let audit = BufferedAuditSink(metrics: metrics, clock: clock, write: surroundings.writeAudit)
        let statuses = PublicationStatuses()
        let publication = Publication.services(
            of: endpoints, statuses: statuses, leadership: keyStore.leadership, metrics: metrics, audit: audit,
            pacing: pacing, in: surroundings, logger: logger)
        let listeners = [
            Listener.tokens(
                configuration.listeners.tokens, endpoints: endpoints, certificates: certificates,
                limits: configuration.limits,
                decisions: DecisionReporting(
                    endpoints: configuration.endpoints, metrics: metrics, audit: audit, clock: clock),
                logger: logger),
            Listener.admin(
                configuration.listeners.admin, endpoints: endpoints, rings: rings.replica, publication: statuses,
                metrics: MetricsRoutes(metrics: prometheus) { [endpoints] in
                    for endpoint in endpoints {
                        let name = endpoint.configuration.name
                        metrics.observe(endpoint.keys.snapshot(at: clock()), of: name, at: clock())
                        // Who does not lead has nothing to tell of it.
                        metrics.observe(statuses[name] ?? PublicationStatus(), of: name)
                    }
                },
                limits: configuration.limits, logger: logger),
        ]
        return GatewayAssembly(
            services: [audit] + parts.services + rings.services(following: statuses) + publication + listeners)
    }
}
