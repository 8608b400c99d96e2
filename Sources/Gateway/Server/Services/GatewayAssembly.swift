import AsyncHTTPClient
import FoundationEssentials
package import GatewayCore
import Kubernetes
package import Logging
import NIOCore
package import ServiceLifecycle

/// A gateway put together from its configuration: every key ring opened, every certificate read, ready to run.
package struct GatewayAssembly: Sendable {
    /// In the order of their start; stopped in reverse.
    package let services: [any Service]

    /// What keeps the gateway from starting with a configuration that is good in itself, all at once.
    package struct StartProblems: Error, Sendable {
        package let problems: [ConfigurationProblem]
    }

    /// - Parameters:
    ///   - source: the file to follow; nil to follow none.
    ///   - text: what the file held.
    ///   - fallback: why the configuration is not the one in the file; nil where it is.
    /// - Throws: ``StartProblems``.
    package static func make(
        _ configuration: GatewayConfiguration, from source: ConfigurationSource?, text: String?,
        fallback: String? = nil, in host: HostEnvironment, logger: Logger
    ) async throws -> GatewayAssembly {
        let clock = host.clock
        let prometheus = PrometheusMetrics()
        let metrics = GatewayMetrics(
            factory: prometheus, endpoints: configuration.endpoints, version: host.version)
        let scheduler = Scheduler.system(clock: clock)
        let parts = StartParts(
            configuration: configuration, host: host, observe: metrics.observe, scheduler: scheduler,
            logger: logger)
        guard parts.problems.isEmpty, let keyStore = parts.keyStore, let reviewer = parts.reviewer,
            let serving = parts.serving
        else {
            await parts.abandon()
            throw StartProblems(problems: parts.problems)
        }

        let draining = Draining(delay: drainDelay(configuration, host), scheduler: scheduler)
        let report = ReloadReport(problem: fallback, metrics: ReloadMetrics(factory: prometheus))
        let rings = KeyRings(keyStore, scheduler: scheduler, logger: logger)
        let audit = BufferedAuditSink(metrics: metrics, clock: clock, write: host.writeAudit)
        let publishing = PublicationTools(
            in: host, clock: keyStore.directory == nil ? nil : keyStore.clock, logger: logger)
        let admission = AdmissionParts(
            cluster: parts.cluster, namespace: host.namespace, leadership: keyStore.leadership,
            prometheus: prometheus, scheduler: scheduler, logger: logger)
        let events = podEvents(configuration, parts.cluster, prometheus, scheduler, in: host, logger: logger)
        let mounting = ConfigurationMounting(
            rings: rings, leadership: keyStore.leadership, reviewer: reviewer, metadata: parts.metadata,
            serving: serving, admission: admission, prometheus: prometheus, version: host.version, audit: audit,
            events: events,
            statuses: PublicationStatuses(), publishing: publishing,
            replica: AdminRoutes.ReplicaState(
                isDraining: { draining.isDraining }, reloadProblem: { report.problem },
                certificateProblem: { serving.certificates.problem ?? serving.webhook.problem },
                certificateTimeProblem: {
                    serving.certificates.timeProblem(at: clock()) ?? serving.webhook.timeProblem(at: clock())
                }, clockProblem: { keyStore.clock.result?.problem }),
            scheduler: scheduler)
        let built: BuiltConfiguration
        do throws(CancellationError) {
            built = try await mounting.build(configuration, after: nil)
        } catch {
            await publishing.close()
            await parts.abandon()
            throw error
        }
        let current = CurrentConfiguration(mounting.commit(built, after: nil))

        func listener(
            _ name: String, _ address: ListenAddress, _ certificates: ServingCertificates?,
            clientAuthorityFile: String? = nil, maximumBodyBytes: Int? = nil,
            _ served: @escaping @Sendable (MountedConfiguration) -> GatewayResponder.Served
        ) -> Listener {
            Listener(
                name: name, address: address, limits: configuration.limits, maximumBodyBytes: maximumBodyBytes,
                responder: GatewayResponder(isDraining: { draining.isDraining }, logger: logger) {
                    served(current.value)
                },
                certificates: certificates, clientAuthorityFile: clientAuthorityFile, logger: logger)
        }
        var services: [any Service] = [audit] + parts.services + rings.services + serving.services + admission.services
        services.append(ClockService(clock: keyStore.clock, logger: logger))
        if let events { services.append(events) }
        services += [publishing.transport, publishing.probeClients, current]
        if let source {
            services.append(
                ConfigurationReload(
                    source, text: text, current: current, mounting: mounting,
                    kept: keyStore.configurations(scheduler: scheduler, logger: logger), report: report,
                    scheduler: scheduler,
                    logger: logger))
        }
        services += [
            listener("tokens", configuration.listeners.tokens, serving.certificates, \.tokens),
            listener(
                "webhook", configuration.listeners.webhook, serving.webhook,
                clientAuthorityFile: configuration.injection.webhook.clientAuthorityFile.map(host.resolve),
                maximumBodyBytes: AdmissionReview.maximumLength, \.webhook),
            listener("admin", configuration.listeners.admin, nil, \.admin),
            draining,
        ]
        return GatewayAssembly(services: services)
    }

    /// nil where no API server says which Pod it was.
    private static func podEvents(
        _ configuration: GatewayConfiguration, _ cluster: KubernetesClient?, _ prometheus: PrometheusMetrics,
        _ scheduler: Scheduler, in host: HostEnvironment, logger: Logger
    ) -> PodEvents? {
        guard case .kubernetes = configuration.review, let cluster else { return nil }
        return PodEvents(
            client: cluster, instance: host.environment["POD_NAME"],
            metrics: PodEventMetrics(factory: prometheus), scheduler: scheduler, logger: logger)
    }

    /// Within a Pod, requests come until every node has heard that it ends.
    private static func drainDelay(_ configuration: GatewayConfiguration, _ host: HostEnvironment) -> Double {
        let isInPod = host.environment["KUBERNETES_SERVICE_HOST"] != nil
        return configuration.limits.drainDelay.map(Double.init) ?? (isInPod ? 5 : 0)
    }
}
