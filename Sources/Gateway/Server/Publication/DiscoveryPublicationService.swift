import GatewayCore
import Logging
import ServiceLifecycle

/// Publishes the discovery documents of every endpoint. Endpoints are independent: a failure delays only its own, unless
/// as many wait for answers as ``StepQueue`` has steps.
struct DiscoveryPublicationService: Service {
    /// The publication of one endpoint.
    struct Part: Sendable {
        let endpoint: String
        let keys: CurrentSigningKeys
        let publication: any EndpointPublishing
        let logger: Logger
    }

    let parts: [Part]
    let statuses: PublicationStatuses
    let leadership: Leadership
    let metrics: GatewayMetrics
    let audit: any AuditSink
    let scheduler: Scheduler

    /// Publishes while this replica is the leader. Writes in progress are cancelled when that ends; the next leader
    /// repeats them, which is safe.
    func run() async {
        await cancelWhenGracefulShutdown {
            await leadership.whileLeading {
                let publications = parts.map { part in
                    RepeatedPublication(
                        part, statuses: statuses, metrics: metrics, audit: audit, clock: scheduler.now)
                }
                await StepQueue(publications, scheduler: scheduler) { index in
                    Double(index / Self.startsPerSecond)
                }.run()
                for part in parts { statuses[part.endpoint] = nil }
            }
        }
    }

    /// How many endpoints begin in one second: a store limits requests, and a connection takes a millisecond of a core.
    static let startsPerSecond = 200
}
