import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle

/// Makes a configuration one that can be served, of what the process has had since its start.
struct ConfigurationMounting: Sendable {
    let rings: KeyRings
    let leadership: Leadership
    let reviewer: any TokenReviewing
    let metadata: (any WorkloadMetadataReading)?
    let serving: OpenedServing
    let admission: AdmissionParts
    let prometheus: PrometheusMetrics
    let version: String
    let audit: any AuditSink
    /// nil where there is no API server to tell.
    let events: PodEvents?
    let statuses: PublicationStatuses
    let publishing: PublicationTools
    let replica: AdminRoutes.ReplicaState
    let scheduler: Scheduler

    /// - Parameter old: what is in force, and goes on where the new one has it too.
    func mount(_ configuration: GatewayConfiguration, after old: MountedConfiguration?) async -> MountedConfiguration {
        let clock = scheduler.now
        let metrics = GatewayMetrics(factory: prometheus, endpoints: configuration.endpoints, version: version)
        let names = Set(configuration.endpoints.map(\.name))
        let mounted = Set(old?.endpoints.map(\.configuration.name) ?? [])
        let keys = await rings.open(configuration.endpoints, mounted: mounted)
        let endpoints = zip(configuration.endpoints, keys).map { endpoint, keys in
            MountedEndpoint(configuration: endpoint, keys: keys, reviewer: reviewer, metadata: metadata)
        }
        let now = clock()
        let removed = (old?.endpoints ?? []).filter { !names.contains($0.configuration.name) }
        let retired =
            (old?.retired ?? []).filter { $0.until > now && !names.contains($0.endpoint.configuration.name) }
            + removed.map { RetiredEndpoint($0, at: now) }
        for name in mounted.subtracting(names) {
            rings.replicas.unmount(name)
            old?.metrics.forget(name)
        }

        serving.follow(configuration)
        admission.uninjectedPods?.follow(configuration.endpoints, configuration.injection)
        var webhook = RouteTable()
        WebhookRoutes(
            endpoints: configuration.endpoints, injection: configuration.injection, namespace: admission.namespace,
            version: version, trust: { [certificates = serving.certificates] in certificates.trust },
            serverVersion: { [versions = admission.serverVersion] in versions?.version },
            serviceAccounts: admission.serviceAccounts, limiter: admission.limiter, metrics: admission.metrics,
            logger: admission.logger
        ).add(to: &webhook)

        var decided = audit
        if let events, configuration.audit.events { decided = PodEventAuditSink(audit: audit, events: events) }
        let decisions = DecisionReporting(metrics: metrics, audit: decided, clock: clock)
        let limits = configuration.limits
        return MountedConfiguration(
            configuration: configuration, endpoints: endpoints, retired: retired, metrics: metrics,
            tokens: GatewayResponder.Served(
                table: .tokens(
                    endpoints, retired: retired,
                    caBundle: { [certificates = serving.certificates] in certificates.issuers },
                    clock: clock),
                maximumBodyBytes: limits.bodyBytes, decisions: decisions),
            webhook: GatewayResponder.Served(
                table: webhook, maximumBodyBytes: AdmissionReview.maximumLength, decisions: nil),
            admin: GatewayResponder.Served(
                table: .admin(
                    AdminRoutes.checks(
                        of: endpoints, rings: rings.replicas, publication: statuses, replica: replica),
                    metrics: MetricsRoutes(metrics: prometheus) { [statuses] in
                        for endpoint in endpoints {
                            let name = endpoint.configuration.name
                            metrics.observe(endpoint.keys.snapshot(at: clock()), of: name, at: clock())
                            // Who does not lead has nothing to tell of it.
                            metrics.observe(statuses[name] ?? PublicationStatus(), of: name)
                        }
                    }),
                maximumBodyBytes: limits.bodyBytes, decisions: nil),
            work: [
                rings.rotation(of: configuration.endpoints, following: statuses),
                Publication.service(
                    of: endpoints, tools: publishing, statuses: statuses, leadership: leadership, metrics: metrics,
                    audit: audit, scheduler: scheduler),
            ])
    }
}
