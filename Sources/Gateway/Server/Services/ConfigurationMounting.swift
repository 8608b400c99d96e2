import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle

/// A configuration whose key rings are opened. It is not in force yet.
struct BuiltConfiguration: Sendable {
    let configuration: GatewayConfiguration
    /// The keys of the endpoints that are not mounted, by name.
    let opened: [String: CurrentSigningKeys]
}

/// Mounts a configuration in two steps: ``build(_:after:)`` opens what is new and can be cancelled,
/// ``commit(_:after:)`` puts everything in force at once.
struct ConfigurationMounting: Sendable {
    let rings: KeyRings
    let leadership: Leadership
    let reviewer: any TokenReviewing
    let metadata: (any WorkloadMetadataReading)?
    let signatures: any SignatureExecuting
    let limiter: CallLimiter
    let serving: OpenedServing
    let admission: AdmissionParts
    let prometheus: PrometheusMetrics
    let version: String
    let status: StatusCollection
    let audit: any AuditSink
    /// nil where there is no API server.
    let events: PodEvents?
    let statuses: PublicationStatuses
    let publishing: PublicationTools
    let replica: AdminRoutes.ReplicaState
    let takeDroppedLogLines: @Sendable () -> Int
    /// Compared with the issuer URLs' clocks; nil where there is an API server.
    let issuerClock: ClockComparison?
    let scheduler: Scheduler

    /// Opens the key rings of the endpoints that the configuration adds. What is in force does not change.
    ///
    /// - Parameter old: what is in force.
    /// - Throws: where the task is cancelled; nothing stays open then.
    func build(
        _ configuration: GatewayConfiguration, after old: MountedConfiguration?
    ) async throws(CancellationError) -> BuiltConfiguration {
        let mounted = Set(old?.endpoints.map(\.configuration.name) ?? [])
        let opened = await rings.open(configuration.endpoints.filter { !mounted.contains($0.name) })
        guard !Task.isCancelled else {
            for name in opened.keys { rings.replicas.unmount(name) }
            throw CancellationError()
        }
        return BuiltConfiguration(configuration: configuration, opened: opened)
    }

    /// Puts a configuration in force everywhere but in the listeners, which serve the returned value. Endpoints that
    /// are in both configurations continue with their key rings.
    ///
    /// - Parameter old: what is in force, as when the configuration was built.
    func commit(_ built: BuiltConfiguration, after old: MountedConfiguration?) -> MountedConfiguration {
        let configuration = built.configuration
        let clock = scheduler.now
        let metrics = GatewayMetrics(factory: prometheus, endpoints: configuration.endpoints, version: version)
        let names = Set(configuration.endpoints.map(\.name))
        let mounted = Set(old?.endpoints.map(\.configuration.name) ?? [])
        let endpoints = configuration.endpoints.map { endpoint in
            MountedEndpoint(
                configuration: endpoint, keys: built.opened[endpoint.name] ?? rings.remount(endpoint),
                reviewer: reviewer, metadata: metadata, signatures: signatures, limits: limiter)
        }
        let now = clock()
        let removed = (old?.endpoints ?? []).filter { !names.contains($0.configuration.name) }
        let retired =
            (old?.retired ?? []).filter { $0.until > now && !names.contains($0.endpoint.configuration.name) }
            + removed.map { RetiredEndpoint($0, at: now) }
        for name in mounted.subtracting(names) {
            rings.replicas.unmount(name)
            old?.metrics.removeGauges(of: name)
        }

        status.calls.keep(configuration.endpoints.map(\.name))
        serving.apply(configuration)
        admission.uninjectedPods?.apply(configuration.endpoints, configuration.injection)
        admission.policies?.apply(configuration.endpoints, configuration.injection)
        var webhook = RouteTable()
        WebhookRoutes(
            endpoints: configuration.endpoints, injection: configuration.injection, namespace: admission.namespace,
            version: version, trust: { [certificates = serving.certificates] in certificates.trust },
            serverVersion: { [versions = admission.serverVersion] in versions?.version },
            serviceAccounts: admission.serviceAccounts,
            conflict: { [webhooks = serving.webhooks] in webhooks?.conflict }, limiter: admission.limiter,
            metrics: admission.metrics,
            logger: admission.logger
        ).add(to: &webhook)

        var decided = audit
        if let events, configuration.audit.events { decided = PodEventAuditSink(audit: audit, events: events) }
        publishing.prepareProbes(of: configuration.endpoints)
        var readers: [String: any IssuerReading] = [:]
        for endpoint in configuration.endpoints where endpoint.isIssuerRead {
            readers[endpoint.name] = publishing.probe(endpoint)
        }
        let decisions = DecisionReporting(metrics: metrics, audit: decided, history: status.calls, clock: clock)
        let limits = configuration.limits
        var clockServices: [any Service] = []
        if let issuerClock {
            let readers = configuration.endpoints.compactMap { readers[$0.name] }
            clockServices.append(IssuerClockService(readers: readers, clock: issuerClock))
        }
        let checks = AdminRoutes.checks(
            of: endpoints, rings: rings.replicas, publication: statuses, replica: replica, times: status.times)
        return MountedConfiguration(
            configuration: configuration, endpoints: endpoints, retired: retired, metrics: metrics,
            tokens: GatewayResponder.Served(
                table: .tokens(
                    endpoints, retired: retired,
                    removed: RemovedIssuerRoutes(issuers: rings.replicas.removed, clock: clock),
                    caBundle: { [certificates = serving.certificates] in certificates.issuers }, limiter: limiter,
                    clock: clock),
                maximumBodyBytes: limits.bodyBytes, decisions: decisions),
            webhook: GatewayResponder.Served(
                table: webhook, maximumBodyBytes: AdmissionReview.maximumLength, decisions: nil),
            admin: GatewayResponder.Served(
                table: .admin(
                    checks,
                    metrics: MetricsRoutes(metrics: prometheus) { [statuses, takeDroppedLogLines] in
                        metrics.dropped(logLines: takeDroppedLogLines())
                        for endpoint in endpoints {
                            let name = endpoint.configuration.name
                            metrics.observe(endpoint.keys.confirmedSnapshot, of: name, at: clock())
                            // Only the leader has a publication status.
                            metrics.observe(statuses[name] ?? PublicationStatus(), of: name)
                        }
                    },
                    status: StatusRoutes(hosts: configuration.statusHosts) { [status] in
                        await status.report(cluster: configuration.cluster, endpoints: endpoints, checks: checks)
                    },
                    chains: { [certificates = serving.certificates] in certificates.chains }),
                maximumBodyBytes: limits.bodyBytes, decisions: nil),
            work: clockServices + [
                rings.recovery(of: configuration.endpoints, readers: readers),
                rings.rotation(of: configuration.endpoints, following: statuses),
                Publication.service(
                    of: endpoints, tools: publishing, statuses: statuses, leadership: leadership, metrics: metrics,
                    audit: audit, scheduler: scheduler,
                    isConfirmed: { [replicas = rings.replicas] in replicas.isConfirmed($0) }),
            ])
    }
}
