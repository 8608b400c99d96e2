import GatewayCore
import JSON
import Kubernetes
import KubernetesAPI
import Logging
import ServiceLifecycle
import Synchronization

/// Maintains the ConfigMap with the CA bundle that node drivers trust first, while this replica is the leader. Where a
/// public CA has issued the certificate, the bundle is empty.
///
/// The gateway needs create on configmaps of that namespace, and get and patch on that ConfigMap.
final class CABundlePublisher: Service {
    /// The key of the ConfigMap's data.
    static let key = "ca-bundle.pem"
    /// Seconds between two checks, since the ConfigMap is not watched.
    static let interval = 60.0

    private let client: KubernetesClient
    private let bundle: @Sendable () -> String?
    private let bundleChanges: @Sendable () -> AsyncStream<Void>
    private let leadership: Leadership
    private let scheduler: Scheduler
    private let logger: Logger
    private let place: Mutex<NamespacedName?>
    private let moved = ChangeSignal()

    /// - Parameters:
    ///   - place: the ConfigMap; nil for none.
    ///   - bundle: returns the certificates in PEM; nil while they are not known.
    init(
        client: KubernetesClient, place: NamespacedName?, bundle: @escaping @Sendable () -> String?,
        changes: @escaping @Sendable () -> AsyncStream<Void>, leadership: Leadership, scheduler: Scheduler,
        logger: Logger
    ) {
        self.client = client
        self.place = Mutex(place)
        self.bundle = bundle
        bundleChanges = changes
        self.leadership = leadership
        self.scheduler = scheduler
        self.logger = logger
    }

    /// Replaces the ConfigMap. The former one stays.
    func apply(_ place: NamespacedName?) {
        let isChange = self.place.withLock { current in
            defer { current = place }
            return current != place
        }
        if isChange { moved.send() }
    }

    func run() async {
        await cancelWhenGracefulShutdown { await self.leadership.whileLeading { await self.maintain() } }
    }

    private func maintain() async {
        let log = FailureLog("CA bundle of the node driver not written", logger: logger)
        let loop = RetryLoop<KubernetesAPIError>(scheduler: scheduler, log: log) { [scheduler] error, failures in
            scheduler.backoff(failures: failures, retryAfter: error.retryAfter)
        }
        await loop.run {
            [bundleChanges(), moved.changes()]
        } _: { () throws(KubernetesAPIError) in
            guard let place = place.withLock({ $0 }), let bundle = bundle() else { return .at(nil) }
            try await write(bundle, to: place)
            return .after(Self.interval)
        }
    }

    private func write(_ bundle: String, to place: NamespacedName) async throws(KubernetesAPIError) {
        let collection = KubernetesCollection(
            client: client, resource: .configMaps, namespace: place.namespace, scheduler: scheduler.kubernetes)
        let data: JSONValue = .object([.init(Self.key, .string(bundle))])
        if let found = try await collection.get(place.name) {
            guard found.json["data"]?[Self.key]?.stringValue != bundle else { return }
            _ = try await collection.patch(place.name, .merge(["data": data]))
        } else {
            _ = try await collection.create([
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": [
                    "name": .string(place.name), "namespace": .string(place.namespace),
                    "labels": ["app.kubernetes.io/name": "sts-gateway", "app.kubernetes.io/component": "node"],
                ],
                "data": data,
            ])
        }
        logger.notice("CA bundle of the node driver written", metadata: ["configMap": "\(place)"])
    }
}
