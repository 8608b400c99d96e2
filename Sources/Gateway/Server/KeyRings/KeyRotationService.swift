import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle

/// Advances every endpoint's ring while this replica leads.
struct KeyRotationService: Service {
    let endpoints: [EndpointConfiguration]
    let replicas: KeyRingReplicas
    let store: any DocumentStore<KeyRing>
    /// nil where nothing can read an `issuer.keypair`.
    let keyPairs: (any KeyPairReading)?
    let leadership: Leadership
    let statuses: PublicationStatuses
    let maker: SigningKeyMaker
    let scheduler: Scheduler
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            await leadership.whileLeading {
                await withDiscardingTaskGroup { group in
                    for endpoint in endpoints { group.addTask { await rotate(endpoint) } }
                }
            }
        }
    }

    private func rotate(_ endpoint: EndpointConfiguration) async {
        guard let replica = replicas[endpoint.name] else { return }
        var logger = logger
        logger[metadataKey: "endpoint"] = "\(endpoint.name)"
        let rotation = KeyRotation(
            configuration: endpoint,
            leader: DocumentLeader(store: store, mayWrite: { leadership.isLeading }, logger: logger),
            keyPairs: keyPairs, maker: maker)
        let loop = RetryLoop<StoreError>(
            scheduler: scheduler,
            log: FailureLog("key rotation failed", recovered: "key rotation works again", logger: logger))
        await rotation.leader.run(replica, in: loop) {
            [statuses.changes(of: endpoint.name)]
        } report: { failure in
            replicas.report(rotationProblem: failure.map { "\($0)" }, of: endpoint.name)
        } step: { view throws(StoreError) in
            let evidence = statuses[endpoint.name]?.evidence
            let outcome = try await rotation.step(view, evidence: evidence, at: scheduler.now)
            guard case .wait(let time) = outcome else { return outcome }
            let look = scheduler.now().addingTimeInterval(KeyRotation.lookInterval)
            return .wait(until: min(look, time ?? look))
        }
        // The next leader reports its own.
        replicas.report(rotationProblem: nil, of: endpoint.name)
    }
}
