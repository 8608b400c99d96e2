import GatewayCore
import Kubernetes
import Logging
import ServiceLifecycle

/// What the webhook has whatever the configuration.
struct AdmissionParts: Sendable {
    /// The gateway's own; nil where it is not known.
    let namespace: String?
    let limiter: AdmissionLimiter
    let metrics: WebhookMetrics
    /// nil where there is no API server.
    let serverVersion: ServerVersionWatch?
    let serviceAccounts: KubernetesObjectReader?
    let uninjectedPods: UninjectedPods?
    let logger: Logger

    init(
        cluster: KubernetesClient?, namespace: String?, leadership: Leadership, prometheus: PrometheusMetrics,
        scheduler: Scheduler, logger: Logger
    ) {
        self.namespace = namespace
        limiter = AdmissionLimiter(scheduler: scheduler)
        metrics = WebhookMetrics(factory: prometheus)
        serverVersion = cluster.map { ServerVersionWatch(client: $0, scheduler: scheduler, logger: logger) }
        serviceAccounts = cluster.map { KubernetesObjectReader(client: $0, limits: .admission, clock: scheduler.now) }
        uninjectedPods = cluster.map {
            UninjectedPods(
                client: $0, namespace: namespace, leadership: leadership,
                metrics: UninjectedPodMetrics(factory: prometheus), scheduler: scheduler, logger: logger)
        }
        self.logger = logger
    }

    /// They run after the API server's client.
    var services: [any Service] {
        let services: [(any Service)?] = [serverVersion, uninjectedPods]
        return services.compactMap(\.self)
    }
}
