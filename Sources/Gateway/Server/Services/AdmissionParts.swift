import GatewayCore
import Kubernetes
import Logging
import ServiceLifecycle

/// The parts of the webhook that do not depend on the configuration.
struct AdmissionParts: Sendable {
    /// The gateway's namespace; nil where it is not known.
    let namespace: String?
    let limiter: AdmissionLimiter
    let metrics: WebhookMetrics
    /// nil where there is no API server.
    let serverVersion: ServerVersionWatch?
    let serviceAccounts: KubernetesObjectReader?
    let uninjectedPods: UninjectedPods?
    /// nil where there is no API server, or the namespace is not known.
    let policies: AdmissionPolicyService?
    let logger: Logger

    init(
        cluster: KubernetesClient?, namespace: String?, version: String, certificates: ServingCertificates,
        webhooks: ObservedWebhookConfigurations?, leadership: Leadership, prometheus: PrometheusMetrics,
        scheduler: Scheduler, logger: Logger
    ) {
        self.namespace = namespace
        limiter = AdmissionLimiter(scheduler: scheduler)
        metrics = WebhookMetrics(
            factory: prometheus, history: OutcomeHistory(monotonic: scheduler.monotonic))
        let watch = cluster.map { ServerVersionWatch(client: $0, scheduler: scheduler, logger: logger) }
        serverVersion = watch
        policies = cluster.flatMap { cluster in
            namespace.map { namespace in
                AdmissionPolicyService(
                    client: cluster, namespace: namespace, version: version,
                    trust: { (isKnown: certificates.problem == nil, bundle: certificates.trust) },
                    trustChanges: { certificates.changes() }, serverVersion: { watch?.version },
                    webhooks: { webhooks?.all }, leadership: leadership, metrics: prometheus, scheduler: scheduler,
                    logger: logger)
            }
        }
        serviceAccounts = cluster.map { KubernetesObjectReader(client: $0, limits: .admission, clock: scheduler.now) }
        uninjectedPods = cluster.map {
            UninjectedPods(
                client: $0, namespace: namespace, leadership: leadership,
                metrics: UninjectedPodMetrics(factory: prometheus), scheduler: scheduler, logger: logger)
        }
        self.logger = logger
    }

    /// The services, which run after the client of the API server.
    var services: [any Service] {
        let services: [(any Service)?] = [serverVersion, uninjectedPods, policies]
        return services.compactMap(\.self)
    }
}
