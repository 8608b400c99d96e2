import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import Logging
import ServiceLifecycle

/// The service that publishes the endpoints' documents and reads them back.
enum Publication {
    /// - Parameter isConfirmed: whether the store contains the endpoint's ring as it is in force.
    static func service(
        of endpoints: [MountedEndpoint], tools: PublicationTools, statuses: PublicationStatuses,
        leadership: Leadership, metrics: GatewayMetrics, audit: any AuditSink, scheduler: Scheduler,
        isConfirmed: @escaping @Sendable (_ endpoint: String) -> Bool
    ) -> any Service {
        tools.retain(endpoints.map(\.configuration.name))
        let names = Dictionary(endpoints.map { ($0.configuration.name, $0) }, uniquingKeysWith: { first, _ in first })
        var parts: [DiscoveryPublicationService.Part] = []
        for endpoint in endpoints {
            let configuration = endpoint.configuration
            let other = configuration.publisher?.plan.keyHandOver?.tokenEndpoint
            let source = other.flatMap { names[$0] }.map { other in
                tools.part(
                    other.configuration, keys: other.keys,
                    maySuccessorSign: { leadership.isLeading && isConfirmed(other.configuration.name) })
            }
            var tokenSource: PublicationTools.TokenSource?
            if let source { tokenSource = { () throws(PublishError) in source } }
            let opened = tools.open(
                configuration, keys: endpoint.keys,
                maySuccessorSign: { [name = configuration.name] in leadership.isLeading && isConfirmed(name) },
                tokenSource: tokenSource)
            /// Whether the store contains the ring of these documents.
            let isInForce: @Sendable (IssuerDocuments) -> Bool = {
                [keys = endpoint.keys, name = configuration.name] documents in
                isConfirmed(name) && keys.snapshot.documents == documents
            }
            parts.append(
                DiscoveryPublicationService.Part(
                    endpoint: configuration.name, keys: endpoint.keys,
                    publication: PublicationTools.publication(
                        of: opened,
                        PublicationTools.Course(
                            reader: opened.reader,
                            renewLease: { documents in await leadership.renewed() && isInForce(documents) },
                            mayOverwrite: { leadership.isLeading && isInForce($0) }, now: scheduler.now,
                            random: scheduler.random)),
                    logger: tools.logger(for: configuration.name)))
        }
        return DiscoveryPublicationService(
            parts: parts, statuses: statuses, leadership: leadership, metrics: metrics, audit: audit,
            scheduler: scheduler)
    }
}
