import GatewayCore
import Kubernetes
import KubernetesAPI
import Logging
import Synchronization

/// The last observed state of one webhook configuration.
final class ObservedWebhookConfiguration: Sendable {
    struct Found: Sendable {
        /// nil where there is none of that name.
        let object: KubernetesObject?
    }

    private let found = Mutex<Found?>(nil)
    private let signal = ChangeSignal()

    /// nil where nothing was observed yet.
    var last: Found? { found.withLock { $0 } }

    func changes() -> AsyncStream<Void> { signal.changes() }

    /// Watches the webhook configuration until the task is cancelled.
    func watch(
        _ name: String, in configurations: KubernetesCollection, settings: Reflector.Settings, logger: Logger
    ) async {
        let reflector = Reflector(
            configurations, selector: nil, fields: "metadata.name=\(name)", settings: settings, logger: logger)
        await reflector.run { event in
            switch event {
            case .added(let object), .modified(let object): update(Found(object: object))
            case .deleted: update(Found(object: nil))
            case .listed: if last == nil { update(Found(object: nil)) }
            case .alive: break
            }
        }
    }

    /// Polls the webhook configuration until the task is cancelled.
    ///
    /// - Parameter seconds: the minimum interval between two reads; up to 50 % are added at random.
    func read(
        _ name: String, in configurations: KubernetesCollection, every seconds: Double, logger: Logger
    ) async {
        let scheduler = configurations.gatewayScheduler
        let interval: @Sendable () -> Double = { seconds * (1 + 0.5 * scheduler.random()) }
        let log = FailureLog("webhook configuration not readable", level: .warning, logger: logger)
        let loop = RetryLoop<KubernetesAPIError>(scheduler: scheduler, log: log) { _, _ in interval() }
        await loop.run { () throws(KubernetesAPIError) in
            update(Found(object: try await configurations.get(name)))
            return .after(interval())
        }
    }

    private func update(_ found: Found) {
        self.found.withLock { $0 = found }
        signal.send()
    }
}
