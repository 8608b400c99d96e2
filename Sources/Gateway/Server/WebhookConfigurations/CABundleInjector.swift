import FoundationEssentials
import GatewayCore
import Kubernetes
import KubernetesAPI
import Logging
import ServiceLifecycle
import Synchronization

/// Maintains the caBundle of the gateway's MutatingWebhookConfigurations while this replica is the leader. Each is
/// watched by its name, so that changes by others are reverted. What is observed is the evidence by which the next CA
/// may issue.
///
/// The gateway needs get, list, watch and patch on those mutatingwebhookconfigurations.
final class CABundleInjector: Service {
    /// How the webhook configurations are observed. Times are in seconds.
    struct Settings: Sendable {
        var reflector = Reflector.Settings()
        /// At most this many are watched (one connection each); the rest are polled.
        var watches = 12
        var readInterval = 15.0
        /// The maximum number of consecutive patches with a conflict.
        var attempts = 5
    }

    let configurations: KubernetesCollection
    let trust: WebhookTrust
    private let replica: DocumentReplica<ServingIdentity>
    private let service: String
    private let namespace: String
    private let leadership: Leadership
    private let settings: Settings
    private let logger: Logger
    private let names: Mutex<[String]>
    private let renamed = ChangeSignal()

    /// - Parameters:
    ///   - service: the Service of the webhook listener.
    ///   - namespace: the gateway's namespace.
    ///   - names: the names of the webhook configurations.
    init(
        client: KubernetesClient, service: String, namespace: String, names: [String],
        replica: DocumentReplica<ServingIdentity>, leadership: Leadership, settings: Settings = Settings(),
        scheduler: Scheduler, logger: Logger
    ) {
        configurations = KubernetesCollection(
            client: client, resource: .mutatingWebhookConfigurations, namespace: nil, scheduler: scheduler)
        trust = WebhookTrust()
        self.replica = replica
        self.service = service
        self.namespace = namespace
        self.leadership = leadership
        self.settings = settings
        self.logger = logger
        self.names = Mutex(names)
        trust.reset(names)
    }

    var scheduler: Scheduler { configurations.gatewayScheduler }

    /// Replaces the names of the webhook configurations.
    func apply(_ names: [String]) {
        let isChange = self.names.withLock { current in
            defer { current = names }
            return current != names
        }
        if isChange { renamed.send() }
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await self.leadership.whileLeading {
                while !Task.isCancelled {
                    // Before the names are read, so that no change is missed.
                    let changes = self.renamed.changes()
                    let names = self.names.withLock { $0 }
                    self.trust.reset(names)
                    await withTaskGroup(of: Void.self) { group in
                        for (index, name) in names.enumerated() {
                            group.addTask { await self.maintain(name, isWatched: index < self.settings.watches) }
                        }
                        for await _ in changes { break }
                        group.cancelAll()
                    }
                }
                self.trust.reset(self.names.withLock { $0 })
            }
        }
    }

    private func maintain(_ name: String, isWatched: Bool) async {
        var logger = logger
        logger[metadataKey: "configuration"] = "\(name)"
        let observed = ObservedWebhookConfiguration()
        let (log, settings) = (logger, settings)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                if isWatched {
                    await observed.watch(name, in: self.configurations, settings: settings.reflector, logger: log)
                } else {
                    await observed.read(name, in: self.configurations, every: settings.readInterval, logger: log)
                }
            }
            group.addTask { await self.update(name, observed, log) }
        }
    }

    private func update(_ name: String, _ observed: ObservedWebhookConfiguration, _ logger: Logger) async {
        let log = FailureLog("caBundle not written", logger: logger)
        var skipped = FailureLog("webhook configuration skipped", level: .warning, logger: logger)
        await RetryLoop<KubernetesAPIError>(scheduler: scheduler, log: log).run {
            [observed.changes(), replica.changes()]
        } _: { () throws(KubernetesAPIError) in
            let result = try await step(name, observed, logger)
            if let reason = result.reason { skipped.fail(reason) } else { skipped.succeed() }
            trust.record(result.state, of: name, at: scheduler.now())
            return .at(nil)
        }
    }

    /// Writes the caBundle where it differs.
    ///
    /// - Returns: the observed state, and why the gateway does not maintain the webhook configuration.
    private func step(
        _ name: String, _ observed: ObservedWebhookConfiguration, _ logger: Logger
    ) async throws(KubernetesAPIError) -> (state: WebhookTrust.Observed, reason: String?) {
        var last = observed.last
        for _ in 0..<settings.attempts {
            guard let found = last else { return (.unknown, nil) }
            guard let object = found.object else { return (.notManaged, nil) }
            let configuration = WebhookConfiguration(object, service: service, namespace: namespace)
            guard configuration.callsGateway else {
                return (.notManaged, "none of its webhooks calls the Service \(service) in namespace \(namespace)")
            }
            if let annotation = configuration.otherInjector {
                return (
                    .notManaged,
                    "cert-manager maintains its caBundle because of \(annotation); remove the annotation, or set a "
                        + "certificate of cert-manager for \(ServiceName(service, in: namespace).host) in "
                        + "tls.certificates"
                )
            }
            guard let identity = replica.view.stored?.value else { return (.unknown, nil) }
            guard !configuration.trusts(identity.bundle) else { return (.trusts(identity.authorities.map(\.id)), nil) }
            trust.record(.lacking, of: name, at: scheduler.now())
            do {
                let changed = try await configurations.patch(
                    name, .operations(configuration.patch(trusting: identity.bundle)))
                logger.notice("caBundle written")
                last = .init(object: changed)
            } catch {
                switch error.kind {
                // Changed or deleted since it was read.
                case .invalid, .conflict, .notFound: last = .init(object: try await configurations.get(name))
                default: throw error
                }
            }
        }
        throw configurations.failure(.conflict, "patch")
    }
}
