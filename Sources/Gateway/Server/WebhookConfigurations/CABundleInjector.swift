import FoundationEssentials
import GatewayCore
import Kubernetes
import KubernetesAPI
import Logging
import ServiceLifecycle
import Synchronization

/// Keeps the gateway's authorities in the caBundle of its MutatingWebhookConfigurations, while this replica leads. Each
/// is watched by its name, so that a change by others is repaired at once; what it finds is the evidence by which
/// another authority may issue.
///
/// The gateway needs get, list, watch and patch on those mutatingwebhookconfigurations.
final class CABundleInjector: Service {
    /// How the configurations are followed. Times in seconds.
    struct Settings: Sendable {
        var reflector = Reflector.Settings()
        /// So many are watched; each takes a connection. Beyond, they are read from time to time.
        var watches = 12
        var readInterval = 15.0
        /// Patches in a row that may meet a change by somebody else.
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
    ///   - service: in front of the webhook's listener.
    ///   - namespace: the gateway's own.
    ///   - names: of the configurations.
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

    /// Keeps these configurations from now on.
    func follow(_ names: [String]) {
        let isOther = self.names.withLock { known in
            defer { known = names }
            return known != names
        }
        if isOther { renamed.send() }
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await self.leadership.whileLeading {
                while !Task.isCancelled {
                    // Before the look, so that no change falls between.
                    let changes = self.renamed.changes()
                    let names = self.names.withLock { $0 }
                    self.trust.reset(names)
                    await withTaskGroup(of: Void.self) { group in
                        for (index, name) in names.enumerated() {
                            group.addTask { await self.keep(name, isWatched: index < self.settings.watches) }
                        }
                        for await _ in changes { break }
                        group.cancelAll()
                    }
                }
                self.trust.reset(self.names.withLock { $0 })
            }
        }
    }

    private func keep(_ name: String, isWatched: Bool) async {
        var logger = logger
        logger[metadataKey: "configuration"] = "\(name)"
        let sight = ObservedWebhookConfiguration()
        let (log, settings) = (logger, settings)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                if isWatched {
                    await sight.watch(name, in: self.configurations, settings: settings.reflector, logger: log)
                } else {
                    await sight.read(name, in: self.configurations, every: settings.readInterval, logger: log)
                }
            }
            group.addTask { await self.settle(name, sight, log) }
        }
    }

    private func settle(_ name: String, _ sight: ObservedWebhookConfiguration, _ logger: Logger) async {
        let log = FailureLog("caBundle not written", logger: logger)
        var skipped = FailureLog("webhook configuration skipped", level: .warning, logger: logger)
        await RetryLoop<KubernetesAPIError>(scheduler: scheduler, log: log).run {
            [sight.changes(), replica.changes()]
        } _: { () throws(KubernetesAPIError) in
            let kept = try await step(name, sight, logger)
            if let reason = kept.reason { skipped.fail(reason) } else { skipped.succeed() }
            trust.record(kept.sight, of: name, at: scheduler.now())
            return .at(nil)
        }
    }

    /// - Returns: what is there then, and why it is nothing that the gateway sees to.
    private func step(
        _ name: String, _ sight: ObservedWebhookConfiguration, _ logger: Logger
    ) async throws(KubernetesAPIError) -> (sight: WebhookTrust.Sight, reason: String?) {
        var seen = sight.seen
        for _ in 0..<settings.attempts {
            guard let found = seen else { return (.unknown, nil) }
            guard let object = found.object else { return (.notOurs, nil) }
            let configuration = WebhookConfiguration(object, service: service, namespace: namespace)
            guard configuration.callsGateway else {
                return (.notOurs, "none of its webhooks calls the Service \(service) in namespace \(namespace)")
            }
            if let annotation = configuration.otherInjector {
                return (
                    .notOurs,
                    "its caBundle is cert-manager's by \(annotation); take that away, or serve a certificate of "
                        + "cert-manager's for \(ServiceName(service, in: namespace).host) by tls.certificates"
                )
            }
            guard let identity = replica.view.stored?.value else { return (.unknown, nil) }
            guard !configuration.trusts(identity.bundle) else { return (.trusts(identity.authorities.map(\.id)), nil) }
            trust.record(.lacking, of: name, at: scheduler.now())
            do {
                let changed = try await configurations.patch(
                    name, .operations(configuration.patch(trusting: identity.bundle)))
                logger.notice("caBundle written")
                seen = .init(object: changed)
            } catch {
                switch error.kind {
                // Changed or deleted since it was read.
                case .invalid, .conflict, .notFound: seen = .init(object: try await configurations.get(name))
                default: throw error
                }
            }
        }
        throw configurations.failure(.conflict, "patch")
    }
}
