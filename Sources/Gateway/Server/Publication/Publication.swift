import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle

/// The services that publish and read back.
enum Publication {
    static func services(
        of endpoints: [MountedEndpoint], statuses: PublicationStatuses, leadership: Leadership, metrics: GatewayMetrics,
        audit: any AuditSink, pacing: Pacing, in surroundings: GatewayAssembly.Surroundings, logger: Logger
    ) -> [any Service] {
        let tools = PublicationTools(in: surroundings, logger: logger)
        var services: [any Service] = [tools.transport, tools.probeClients]
        var parts: [DiscoveryPublicationService.Part] = []
        for endpoint in endpoints {
            let configuration = endpoint.configuration
            let opened = tools.open(configuration, keys: endpoint.keys)
            let reader = configuration.probe.isEnabled ? opened.probe : nil
            parts.append(
                DiscoveryPublicationService.Part(
                    endpoint: configuration.name, keys: endpoint.keys,
                    publication: EndpointPublication(
                        publisher: opened.publisher, reader: reader, interval: configuration.probe.interval,
                        now: pacing.now, random: pacing.random),
                    logger: tools.logger(for: configuration.name)))
        }
        services.append(
            DiscoveryPublicationService(
                parts: parts, statuses: statuses, leadership: leadership, metrics: metrics, audit: audit,
                pacing: pacing))
        return services
    }
}
