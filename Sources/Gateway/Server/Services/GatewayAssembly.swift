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
        /// Makes a path of the configuration one that can be opened.
        public let resolve: @Sendable (String) -> String
        public let clock: @Sendable () -> Date
        /// Takes whole lines of the audit; false where they were not written.
        public let writeAudit: @Sendable (String) -> Bool

        public init(
            version: String, environment: [String: String], resolve: @escaping @Sendable (String) -> String,
            clock: @escaping @Sendable () -> Date, writeAudit: @escaping @Sendable (String) -> Bool
        ) {
            self.version = version
            self.environment = environment
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
        let parts = StartParts(
            configuration: configuration, surroundings: surroundings, observe: metrics.observe, logger: logger)
        guard parts.problems.isEmpty, let store = parts.store, let reviewer = parts.reviewer,
            let certificates = parts.certificates
        else {
            await parts.abandon()
            throw StartProblems(problems: parts.problems)
        }

        let opener = KeyRingOpener(store: store, logger: logger)
        var endpoints: [MountedEndpoint] = []
        for endpoint in configuration.endpoints {
            let keys = CurrentSigningKeys(await opener.open(endpoint, at: clock()))
            endpoints.append(
                MountedEndpoint(
                    configuration: endpoint, keys: keys, reviewer: reviewer, metadata: parts.metadata))
        }
        let audit = BufferedAuditSink(metrics: metrics, clock: clock, write: surroundings.writeAudit)
        let statuses = PublicationStatuses()
        let publication = Publication.services(
            of: endpoints, statuses: statuses, metrics: metrics, audit: audit, in: surroundings, logger: logger)
        let listeners = [
            Listener.tokens(
                configuration.listeners.tokens, endpoints: endpoints, certificates: certificates,
                limits: configuration.limits,
                decisions: DecisionReporting(
                    endpoints: configuration.endpoints, metrics: metrics, audit: audit, clock: clock),
                logger: logger),
            Listener.admin(
                configuration.listeners.admin, endpoints: endpoints, publication: statuses,
                metrics: MetricsRoutes(metrics: prometheus) { [endpoints] in
                    for endpoint in endpoints {
                        let name = endpoint.configuration.name
                        metrics.observe(endpoint.keys.snapshot, of: name, at: clock())
                        if let status = statuses[name] { metrics.observe(status, of: name) }
                    }
                },
                limits: configuration.limits, logger: logger),
        ]
        return GatewayAssembly(services: [audit] + parts.services + publication + listeners)
    }
}
