import FoundationEssentials
import GatewayCore
import JOSE
import Logging
import ServiceLifecycle

/// Brings every endpoint's ring on, step by step, while this replica leads. Each step is one compare-and-swap, so that a
/// stop between any two, or another replica that leads too, does no harm.
struct KeyRotationService: Service {
    let endpoints: [EndpointConfiguration]
    let replica: KeyRingReplica
    let store: any SigningKeyStore
    /// nil where nothing can read an `issuer.keypair`.
    let keyPairs: (any KeyPairReading)?
    let leadership: Leadership
    let statuses: PublicationStatuses
    let maker: SigningKeyMaker
    let pacing: Pacing
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
        var logger = logger
        logger[metadataKey: "endpoint"] = "\(endpoint.name)"
        let rotation = KeyRotation(
            configuration: endpoint, store: store, keyPairs: keyPairs, maker: maker, logger: logger)
        var failures = 0
        var told: String?
        while !Task.isCancelled {
            // Before the look, so that no change falls between.
            let changes = [replica.changes(of: endpoint.name), statuses.changes(of: endpoint.name)]
            var next = pacing.now().addingTimeInterval(KeyRotation.lookInterval)
            do throws(KeyStoreError) {
                let step = try await rotation.step(
                    replica.view(of: endpoint.name), evidence: statuses[endpoint.name]?.evidence, at: pacing.now,
                    mayWrite: { leadership.isLeading })
                failures = 0
                if told != nil {
                    logger.notice("key rotation works again")
                    replica.tell(rotationProblem: nil, of: endpoint.name)
                }
                told = nil
                switch step {
                case .changed(let stored):
                    replica.take(written: stored, of: endpoint.name)
                    continue
                case .gone:
                    replica.take(.gone(endpoint: endpoint.name))
                    continue
                case .waits(let time): if let time { next = min(next, time) }
                }
            } catch {
                failures += 1
                if told != "\(error)" {
                    logger.error("key rotation failed", metadata: ["reason": "\(error)"])
                    replica.tell(rotationProblem: "\(error)", of: endpoint.name)
                }
                told = "\(error)"
                next = pacing.now().addingTimeInterval(pacing.backoff(failures: failures, retryAfter: nil))
            }
            await pacing.wait(until: next, or: changes)
        }
        // Whoever leads now knows better.
        replica.tell(rotationProblem: nil, of: endpoint.name)
    }
}
