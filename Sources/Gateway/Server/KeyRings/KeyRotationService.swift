import FoundationEssentials
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
            keyPairs: keyPairs, generator: generator, clock: { [clock] in clock?.result })
        let loop = RetryLoop<StoreError>(
            scheduler: scheduler,
            log: FailureLog("key rotation failed", recovered: "key rotation works again", logger: logger))
        await rotation.leader.run(replica, in: loop) {
            [statuses.changes(of: endpoint.name)]
        } report: { failure in
            replicas.report(rotationProblem: failure.map { "\($0)" }, of: endpoint.name)
        } step: { view throws(StoreError) in
            let status = statuses[endpoint.name]
            // Of the documents of this ring only.
            let isCurrent = status?.evidence?.expected == view.stored.map { Set($0.value.keys.map(\.keyID)) }
            let outcome = try await rotation.step(
                view, evidence: status?.evidence, invalidated: isCurrent ? status?.invalidated : nil,
                handedOver: isCurrent ? status?.handedOver ?? [] : [],
                location: status?.lastOwner == view.stored?.value.owner ? status?.location : nil,
                at: scheduler.now)
            guard case .wait(let time) = outcome else { return outcome }
            let nextRead = scheduler.now().addingTimeInterval(KeyRotation.keyPairInterval)
            return .wait(until: min(nextRead, time ?? nextRead))
        }
        // Only the leader reports rotation problems.
        replicas.report(rotationProblem: nil, of: endpoint.name)
    }
}
