import AsyncHTTPClient
import FoundationEssentials
package import GatewayCore
import Kubernetes
package import Logging
import NIOCore
package import ServiceLifecycle

/// A gateway that is ready to run: its key rings are opened and its certificates are read.
package struct GatewayAssembly: Sendable {
    /// The services in start order; they are stopped in reverse order.
    package let services: [any Service]
    /// Returns when a gateway that was asked to stop must end, whatever still runs; throws where cancelled.
    package let untilOverdue: @Sendable () async throws -> Void
    /// Reads the configuration file again; has no effect without one.
    package let reload: @Sendable () -> Void

    /// All problems that prevent the start with a valid configuration.
    package struct StartProblems: Error, Sendable {
        package let problems: [ConfigurationProblem]
    }

    /// - Parameters:
    ///   - source: the configuration file, which is reloaded when it changes; nil for none.
    ///   - text: the text of the file.
    ///   - fallback: why the configuration is not the one in the file; nil where it is.
    /// - Throws: ``StartProblems``.
    package static func make(
        _ configuration: GatewayConfiguration, from source: ConfigurationSource?, text: String?,
        fallback: String? = nil, in host: HostEnvironment, logger: Logger
    ) async throws -> GatewayAssembly {
        let clock = host.clock
        let prometheus = PrometheusMetrics()
        // Those of the endpoints belong to the configuration in force.
        let metrics = GatewayMetrics(factory: prometheus, endpoints: [], version: host.version)
        let scheduler = Scheduler.system(clock: clock)
        let parts = StartParts(
            configuration: configuration, host: host, observe: metrics.observe, scheduler: scheduler,
            logger: logger)
        guard parts.problems.isEmpty, let keyStore = parts.keyStore, let reviewer = parts.reviewer,
            let serving = parts.serving
        else {
            await parts.shutdown()
            throw StartProblems(problems: parts.problems)
        }

        let drainDelay = drainDelay(configuration, host)
        let draining = Draining(
            delay: drainDelay, shutdownTimeout: configuration.limits.shutdownSeconds(drainDelay: drainDelay),
            scheduler: scheduler)
        let budget = BodyBudget(monotonic: scheduler.monotonic)
        let report = ReloadReport(problem: fallback, metrics: ReloadMetrics(factory: prometheus))
        let rings = KeyRings(keyStore, scheduler: scheduler, logger: logger)
        let signatures = SigningThreads(onRejection: metrics.signatureRejected)
        let audit = BufferedAuditSink(metrics: metrics, clock: clock, write: host.writeAudit)
        let issuerClock = keyStore.directory == nil ? nil : keyStore.clock
        let publishing = PublicationTools(in: host, clock: issuerClock, logger: logger)
        let admission = AdmissionParts(
            cluster: parts.cluster, namespace: host.namespace, version: host.version,
            certificates: serving.certificates, webhooks: serving.webhooks, leadership: keyStore.leadership,
            prometheus: prometheus, scheduler: scheduler, logger: logger)
        if let pods = admission.uninjectedPods {
            serving.find { await pods.injectedPods() }
            if let required = serving.required { pods.follow(required) }
        }
        let events = podEvents(configuration, parts.cluster, prometheus, scheduler, in: host, logger: logger)
        let statuses = PublicationStatuses()
        let listening = ListeningState(["tokens", "webhook"])
        var replicaState = AdminRoutes.ReplicaState(
            isDraining: { draining.isDraining }, listenerProblem: { listening.problem },
            reloadProblem: { report.problem },
            certificateProblem: { serving.certificates.problem ?? serving.webhook.problem },
            certificateTimeProblem: {
                serving.certificates.timeProblem(at: clock()) ?? serving.webhook.timeProblem(at: clock())
            }, clockProblem: { keyStore.clock.result?.problem },
            webhookConflict: { serving.webhooks?.conflict },
            authorityProblem: { admission.uninjectedPods?.withoutCA.problem })
        if let reachability = parts.cluster?.reachability {
            replicaState.apiServerProblem = { reachability.problem }
        }
        let mounting = ConfigurationMounting(
            rings: rings, leadership: keyStore.leadership, reviewer: reviewer, metadata: parts.metadata,
            signatures: signatures, limiter: CallLimiter(configuration.limits.calls, scheduler: scheduler),
            serving: serving, admission: admission, prometheus: prometheus,
            version: host.version,
            status: status(
                parts, rings, statuses, admission, leadership: keyStore.leadership, scheduler: scheduler, in: host),
            audit: audit,
            events: events,
            statuses: statuses, publishing: publishing,
            replica: replicaState,
            takeDroppedLogLines: host.takeDroppedLogLines, issuerClock: issuerClock, scheduler: scheduler)
        let built: BuiltConfiguration
        do throws(CancellationError) {
            built = try await mounting.build(configuration, after: nil)
        } catch {
            await publishing.close()
            await signatures.shutdown()
            await parts.shutdown()
            throw error
        }
        let current = CurrentConfiguration(mounting.commit(built, after: nil))

        func listener(
            _ name: String, _ address: ListenAddress, _ certificates: ServingCertificates?,
            clientAuthorityFile: String? = nil, maximumBodyBytes: Int? = nil, isOnEventLoop: Bool = false,
            untilReady: @escaping @Sendable () async -> Void = {},
            _ served: @escaping @Sendable (MountedConfiguration) -> GatewayResponder.Served
        ) -> Listener {
            Listener(
                name: name, address: address, limits: configuration.limits, maximumBodyBytes: maximumBodyBytes,
                budget: budget, metrics: ConnectionMetrics(factory: prometheus, listener: name),
                responder: GatewayResponder(isDraining: { draining.isDraining }, logger: logger) {
                    current.part(served)
                },
                certificates: certificates, policy: configuration.tls, clientAuthorityFile: clientAuthorityFile,
                isOnEventLoop: isOnEventLoop,
                untilReady: untilReady,
                onListening: { listening.accepts(name) },
                secondsUntilCut: { draining.secondsUntilCut }, scheduler: scheduler, logger: logger)
        }
        var services: [any Service] =
            [audit, signatures] + parts.services + rings.services + serving.services + admission.services
        services.append(ClockService(clock: keyStore.clock, logger: logger))
        services.append(MemoryUpkeep(scheduler: scheduler, dropExpired: parts.dropExpired))
        if let events { services.append(events) }
        services += [publishing.transport, publishing.probeClients, current]
        var reload: @Sendable () -> Void = {}
        if let source {
            let service = ConfigurationReload(
                source, text: text, current: current, mounting: mounting,
                store: keyStore.configurations(scheduler: scheduler, logger: logger), report: report,
                scheduler: scheduler,
                logger: logger)
            services.append(service)
            reload = { service.request() }
        }
        services += [
            listener(
                "tokens", configuration.listeners.tokens, serving.certificates, isOnEventLoop: true,
                untilReady: {
                    await rings.untilCreated(configuration.endpoints)
                    await rings.untilListed()
                }, \.tokens),
            listener(
                "webhook", configuration.listeners.webhook, serving.webhook,
                clientAuthorityFile: configuration.injection.webhook.clientAuthorityFile.map(host.resolve),
                maximumBodyBytes: AdmissionReview.maximumLength, \.webhook),
            listener("admin", configuration.listeners.admin, nil, \.admin),
            draining,
        ]
        return GatewayAssembly(services: services, untilOverdue: draining.untilOverdue, reload: reload)
    }

    /// Returns what `/status` is collected from.
    private static func status(
        _ parts: StartParts, _ rings: KeyRings, _ statuses: PublicationStatuses, _ admission: AdmissionParts,
        leadership: Leadership, scheduler: Scheduler, in host: HostEnvironment
    ) -> StatusCollection {
        let pod = host.environment["POD_NAME"]
        let replicas = parts.keyStore?.kubernetes.map { cluster in
            ReplicaReader(
                client: cluster.client, namespace: cluster.namespace, leaseName: OpenedKeyStore.leaseName, pod: pod,
                scheduler: scheduler)
        }
        return StatusCollection(
            version: host.version, replica: pod ?? host.environment["HOSTNAME"] ?? "sts-gateway",
            started: scheduler.now(), calls: CallHistory(monotonic: scheduler.monotonic),
            webhook: admission.metrics.history, times: ProblemTimes(clock: scheduler.now),
            failures: host.recentFailures, replicas: replicas, leadership: leadership, rings: rings.replicas,
            statuses: statuses, uninjected: { admission.uninjectedPods?.counts }, clock: scheduler.now)
    }

    /// Returns the service that creates Events on Pods; nil without an API server that identifies the Pod.
    private static func podEvents(
        _ configuration: GatewayConfiguration, _ cluster: KubernetesClient?, _ prometheus: PrometheusMetrics,
        _ scheduler: Scheduler, in host: HostEnvironment, logger: Logger
    ) -> PodEvents? {
        guard case .kubernetes = configuration.review, let cluster else { return nil }
        return PodEvents(
            client: cluster, instance: host.environment["POD_NAME"],
            metrics: PodEventMetrics(factory: prometheus), scheduler: scheduler, logger: logger)
    }

    /// Seconds from the shutdown signal to the shutdown. In a Pod, requests arrive until every node has removed the
    /// endpoint.
    private static func drainDelay(_ configuration: GatewayConfiguration, _ host: HostEnvironment) -> Double {
        let isInPod = host.environment["KUBERNETES_SERVICE_HOST"] != nil
        return configuration.limits.drainDelay.map(Double.init) ?? (isInPod ? 5 : 0)
    }
}
