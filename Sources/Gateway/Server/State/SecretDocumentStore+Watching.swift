import GatewayCore
import Kubernetes
import KubernetesAPI
import Logging
import Synchronization

extension SecretDocumentStore {
    /// Watches the Secrets by their label, or a single one by its name. A Secret that has lost its label is read then,
    /// and after every list.
    func watch(_ report: @Sendable (DocumentNews<Value>) async -> Void) async {
        let reflector = Reflector(
            secrets, selector: layout.label, fields: layout.label == nil ? "metadata.name=\(layout.secretName)" : nil,
            settings: settings, logger: logger)
        let present = Mutex<Set<String>>([])
        // Each list returns all Secrets again; one of the same version is not parsed again.
        let known = Mutex<[String: Stored<Value>]>([:])
        await reflector.run { event in
            switch event {
            case .added(let object), .modified(let object):
                guard let name = name(ofSecret: object.meta.name) else { return }
                _ = present.withLock { $0.insert(name) }
                _ = unlabelled.withLock { $0.remove(name) }
                let news: DocumentNews<Value>
                if let stored = known.withLock({ $0[name] }), stored.version == Self.version(object) {
                    news = .document(stored)
                } else {
                    news = self.news(Secret(object), name)
                }
                if case .document(let stored) = news {
                    known.withLock { $0[name] = stored }
                } else {
                    _ = known.withLock { $0.removeValue(forKey: name) }
                }
                await report(news)
            case .deleted(let key):
                guard let name = name(ofSecret: key.name) else { return }
                _ = present.withLock { $0.remove(name) }
                _ = known.withLock { $0.removeValue(forKey: name) }
                if layout.label == nil {
                    await report(.missing(name: name))
                } else {
                    await readUnlabelled(name, report)
                }
            case .listed:
                for name in unlabelled.withLock({ $0.sorted() }) { await readUnlabelled(name, report) }
                let all = present.withLock { $0 }.union(unlabelled.withLock { $0 })
                await report(.confirmed(names: all))
            case .alive: await report(.confirmed(names: nil))
            }
        }
    }

    private func news(_ secret: Secret, _ name: String) -> DocumentNews<Value> {
        do throws(StoreError) {
            return .document(try stored(secret, name))
        } catch {
            return .unusable(name: name, error, version: Self.version(secret.object))
        }
    }

    /// Reads and reports a Secret that the label does not select any more. Nothing is confirmed until it was read.
    private func readUnlabelled(_ name: String, _ report: (DocumentNews<Value>) async -> Void) async {
        let log = FailureLog("Secret read failed", level: .warning, logger: logger)
        await RetryLoop<KubernetesAPIError>(scheduler: secrets.gatewayScheduler, log: log).run {
            () throws(KubernetesAPIError) in
            do throws(KubernetesAPIError) {
                guard let secret = try await secrets.get(layout.secretName + name).map(Secret.init) else {
                    _ = unlabelled.withLock { $0.remove(name) }
                    await report(.missing(name: name))
                    return .never
                }
                // Where it has the label again, or another Secret has taken its place, the watch reports it next.
                if isUnlabelled(secret) {
                    _ = unlabelled.withLock { $0.insert(name) }
                    logger.warning(
                        "Secret has lost its label; the next write restores it",
                        metadata: [
                            "code": "\(ErrorCode.documentRestored)", "document": "\(layout.title)",
                            "name": "\(name)", "label": "\(layout.label ?? "")=\(name)",
                        ])
                }
                await report(news(secret, name))
            } catch {
                if error.isTransient { throw error }
                await report(.unusable(name: name, StoreError(error), version: nil))
            }
            return .never
        }
    }
}
