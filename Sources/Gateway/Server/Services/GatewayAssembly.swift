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
    public let endpoints: [MountedEndpoint]

    /// What keeps the gateway from starting with a configuration that is good in itself, all at once.
    public struct StartProblems: Error, Sendable {
        public let problems: [ConfigurationProblem]
    }

    /// - Parameter resolve: makes a path of the configuration one that can be opened.
    /// - Throws: ``StartProblems``.
    public static func make(
        _ configuration: GatewayConfiguration, resolve: @escaping (String) -> String, clock: @escaping @Sendable () -> Date,
        logger: Logger
    ) async throws -> GatewayAssembly {
        let parts = StartParts(configuration: configuration, resolve: resolve, now: clock(), logger: logger)
        guard parts.problems.isEmpty, let store = parts.store, let reviewer = parts.reviewer,
            let certificates = parts.certificates
        else {
            throw StartProblems(problems: parts.problems)
        }
        let opener = KeyRingOpener(store: store, logger: logger)
        var endpoints: [MountedEndpoint] = []
        for endpoint in configuration.endpoints {
            let keys = CurrentSigningKeys(await opener.open(endpoint, at: clock()))
            endpoints.append(MountedEndpoint(configuration: endpoint, keys: keys, reviewer: reviewer))
        }
        return GatewayAssembly(
            services: parts.services + [
                Listener.tokens(
                    configuration.listeners.tokens, endpoints: endpoints, certificates: certificates,
                    limits: configuration.limits, clock: clock, logger: logger),
                Listener.admin(
                    configuration.listeners.admin, endpoints: endpoints, limits: configuration.limits, logger: logger),
            ],
            endpoints: endpoints)
    }
}
