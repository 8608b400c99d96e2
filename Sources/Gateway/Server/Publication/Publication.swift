import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle

/// The service that publishes the endpoints' documents and reads them back.
enum Publication {
    static func service(
        of endpoints: [MountedEndpoint], tools: PublicationTools, statuses: PublicationStatuses,
        leadership: Leadership, metrics: GatewayMetrics, audit: any AuditSink, scheduler: Scheduler
    ) -> any Service {
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
                        now: scheduler.now, random: scheduler.random),
                    logger: tools.logger(for: configuration.name)))
        }
        return DiscoveryPublicationService(
            parts: parts, statuses: statuses, leadership: leadership, metrics: metrics, audit: audit,
            scheduler: scheduler)
    }
}
