import GatewayCore
import Logging
import ServiceLifecycle

/// Advances the key ring of every endpoint while this replica is the leader.
struct KeyRotationService: Service {
    let endpoints: [EndpointConfiguration]
    let replicas: KeyRingReplicas
    let store: any DocumentStore<KeyRing>
    /// Reads `issuer.keypair`; nil where that is not supported.
    let keyPairs: (any KeyPairReading)?
    let leadership: Leadership
    let statuses: PublicationStatuses
    let generator: SigningKeyGenerator
    /// nil where clocks are not compared.
    var clock: ClockComparison?
    let scheduler: Scheduler
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            await leadership.whileLeading {
                let rotations = endpoints.compactMap { endpoint in
                    replicas[endpoint.name].map { rotation(of: endpoint, $0) }
                }
                await StepQueue(rotations, scheduler: scheduler).run()
                // Only the leader reports rotation problems.
                for endpoint in endpoints { replicas.report(rotationProblem: nil, of: endpoint.name) }
            }
        }
    }

    private func rotation(
        of endpoint: EndpointConfiguration, _ replica: DocumentReplica<KeyRing>
    ) -> EndpointRotation {
        var logger = logger
        logger[metadataKey: "endpoint"] = "\(endpoint.name)"
        return EndpointRotation(
            KeyRotation(
                configuration: endpoint,
                leader: DocumentLeader(store: store, mayWrite: { leadership.isLeading }, logger: logger),
                keyPairs: keyPairs, generator: generator, clock: { [clock] in clock?.result }),
            of: replica, in: replicas, statuses: statuses, scheduler: scheduler)
    }
}
