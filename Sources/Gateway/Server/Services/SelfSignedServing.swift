import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle

/// The serving certificate of the gateway's self-signed CA, with its services.
struct SelfSignedServing: Sendable {
    let certificates: ServingCertificates
    let plan: ServingPlan
    /// nil where there is no API server.
    let injector: CABundleInjector?
    let services: [any Service]
    /// The CA that every sidecar must have.
    let required: PodsWithoutCA.Source

    /// - Parameters:
    ///   - namespace: the gateway's namespace; nil where it is not known.
    ///   - webhooks: nil where there is no API server.
    init(
        _ configuration: GatewayConfiguration, in host: HostEnvironment, namespace: String?,
        webhooks: ObservedWebhookConfigurations?, keyStore: OpenedKeyStore, scheduler: Scheduler, logger: Logger
    ) throws(ServingProblems) {
        let certificates = ServingCertificates(
            unavailable: "no serving certificate yet: it is not loaded, or the leader has not created it")
        self.certificates = certificates
        let plan = ServingPlan(ServingPolicy(configuration, namespace: namespace))
        self.plan = plan
        let replica = certificates.replica(scheduler: scheduler, logger: logger)
        let store: any DocumentStore<ServingIdentity>
        var injector: CABundleInjector?
        if let cluster = keyStore.kubernetes {
            store = SecretDocumentStore(
                client: cluster.client, namespace: cluster.namespace, scheduler: scheduler, logger: logger)
            injector = webhooks.map { webhooks in
                CABundleInjector(
                    webhooks, names: Self.webhookConfigurations(configuration), replica: replica,
                    leadership: keyStore.leadership, logger: logger)
            }
        } else {
            guard let directory = keyStore.directory else { throw ServingProblems(problems: []) }
            do throws(StoreError) {
                let documents = DirectoryDocumentStore<ServingIdentity>(directory, scheduler: scheduler, logger: logger)
                let stored = try documents.openAtStart("") { () throws(StoreError) in
                    try ServingIdentityGenerator().first(
                        try SelfSignedCA.former(in: directory), policy: plan.policy, at: scheduler.now())
                }
                replica.apply(.document(stored))
                store = documents
            } catch {
                throw ServingProblems(problems: [ConfigurationProblem(.error, at: "tls", "\(error)")])
            }
        }
        self.injector = injector
        let evidence: any WebhookEvidenceReading = injector?.trust ?? NoWebhookTrust()
        let service = ServingIdentityService(
            store: store, replica: replica, plan: plan, evidence: evidence, leadership: keyStore.leadership,
            clock: keyStore.clock, scheduler: scheduler, logger: logger)
        required = PodsWithoutCA.Source(
            authority: {
                replica.view.stored?.value.requiredAuthority(at: scheduler.now(), policy: plan.policy)
            }, changes: { replica.changes() })
        services = [service] + (injector.map { [$0] } ?? [])
    }

    static func webhookConfigurations(_ configuration: GatewayConfiguration) -> Set<String> {
        Set(configuration.endpoints.map { configuration.injection.webhook.configurationName(of: $0.name) })
    }
}
