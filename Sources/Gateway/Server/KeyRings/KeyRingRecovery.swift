import GatewayCore
import Logging
import ServiceLifecycle

/// Decides which of two key rings stays, where the store contains another ring than this replica holds, and writes back
/// the ring that relying parties know. It runs on every replica, since the leader may be the one with the wrong ring.
struct KeyRingRecovery: Service {
    let endpoints: [EndpointConfiguration]
    /// The public issuer URLs, by endpoint; none for an endpoint whose probe is disabled.
    let readers: [String: any IssuerReading]
    let replicas: KeyRingReplicas
    let store: any DocumentStore<KeyRing>
    let leadership: Leadership
    /// nil where clocks are not compared.
    var clock: ClockComparison?
    let scheduler: Scheduler
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            let recoveries = endpoints.compactMap { endpoint in replicas[endpoint.name].map(recovery) }
            await StepQueue(recoveries, scheduler: scheduler).run()
        }
    }

    private func recovery(of replica: DocumentReplica<KeyRing>) -> EndpointRecovery {
        var logger = logger
        logger[metadataKey: "endpoint"] = "\(replica.name)"
        // Compare-and-swap, whoever leads.
        let writer = DocumentLeader(store: store, mayWrite: { true }, logger: logger)
        return EndpointRecovery(
            replica, reader: readers[replica.name], writer: writer, leadership: leadership, clock: clock,
            scheduler: scheduler)
    }
}
