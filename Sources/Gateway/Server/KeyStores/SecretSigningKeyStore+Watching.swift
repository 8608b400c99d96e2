package import GatewayCore
import Kubernetes
import KubernetesAPI
import Logging
import Synchronization

extension SecretSigningKeyStore: KeyRingWatching {
    /// Follows the Secrets by their label. One that has lost its label is looked at when that happens, and then with
    /// every list.
    package func watch(_ tell: @Sendable (KeyRingNews) async -> Void) async {
        let reflector = Reflector(secrets, selector: Self.ringLabel, settings: settings, logger: logger)
        let present = Mutex<Set<String>>([])
        await reflector.run { event in
            switch event {
            case .added(let object), .modified(let object):
                guard let endpoint = Self.endpoint(object.meta.name) else { return }
                _ = present.withLock { $0.insert(endpoint) }
                _ = unlabelled.withLock { $0.remove(endpoint) }
                await tell(Self.news(Secret(object), endpoint))
            case .deleted(let key):
                guard let endpoint = Self.endpoint(key.name) else { return }
                _ = present.withLock { $0.remove(endpoint) }
                await look(endpoint, tell)
            case .listed:
                for endpoint in unlabelled.withLock({ $0.sorted() }) { await look(endpoint, tell) }
                let all = present.withLock { $0 }.union(unlabelled.withLock { $0 })
                await tell(.confirmed(endpoints: all))
            case .alive: await tell(.confirmed(endpoints: nil))
            }
        }
    }

    private static func news(_ secret: Secret, _ endpoint: String) -> KeyRingNews {
        do throws(KeyStoreError) {
            return .ring(endpoint: endpoint, try ring(of: secret, endpoint: endpoint))
        } catch {
            return .unusable(endpoint: endpoint, error)
        }
    }

    /// Tells what became of a Secret that the label does not select any more. Nothing is confirmed before that is known.
    private func look(_ endpoint: String, _ tell: (KeyRingNews) async -> Void) async {
        var failures = 0
        while !Task.isCancelled {
            do throws(KubernetesFailure) {
                guard let secret = try await secrets.get(Self.name(endpoint)).map(Secret.init) else {
                    _ = unlabelled.withLock { $0.remove(endpoint) }
                    await tell(.gone(endpoint: endpoint))
                    return
                }
                // Where it has the label again, or another Secret took its place, the watch tells of it next.
                if secret.meta.labels[Self.ringLabel] == nil {
                    _ = unlabelled.withLock { $0.insert(endpoint) }
                    logger.warning(
                        "a key ring's Secret has lost its label; the next write of the ring puts it back",
                        metadata: ["endpoint": "\(endpoint)", "label": "\(Self.ringLabel)=\(endpoint)"])
                }
                await tell(Self.news(secret, endpoint))
                return
            } catch {
                guard error.isTransient else {
                    await tell(.unusable(endpoint: endpoint, KeyStoreError(error)))
                    return
                }
                failures += 1
                let wait = secrets.pacing.backoff(failures: failures, retryAfter: error.retryAfter)
                try? await secrets.pacing.sleep(wait)
            }
        }
    }
}
