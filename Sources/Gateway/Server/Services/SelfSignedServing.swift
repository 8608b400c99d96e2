import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle

/// The gateway's own certificates, opened.
struct OwnServing: Sendable {
    let certificates: ServingCertificates
    let plan: ServingPlan
    /// nil where there is no API server.
    let keeper: CABundleInjector?
    let services: [any Service]

    /// - Parameter namespace: the gateway's own; nil where it is not known.
    init(
        _ configuration: GatewayConfiguration, in host: HostEnvironment, namespace: String?,
        keyStore: OpenedKeyStore, scheduler: Scheduler, logger: Logger
    ) throws(ServingProblems) {
        let certificates = ServingCertificates(
            unavailable: "the gateway's own certificate is not there yet: the store has not told it, "
                + "and the leader has not made it")
        self.certificates = certificates
        let plan = ServingPlan(ServingPolicy(configuration, namespace: namespace))
        self.plan = plan
        let replica = certificates.replica(monotonic: scheduler.monotonic, logger: logger)
        let store: any DocumentStore<ServingIdentity>
        var keeper: CABundleInjector?
        if let cluster = keyStore.kubernetes {
            store = SecretDocumentStore(
                client: cluster.client, namespace: cluster.namespace, scheduler: scheduler, logger: logger)
            keeper = CABundleInjector(
                client: cluster.client, service: configuration.injection.webhook.service,
                namespace: cluster.namespace, names: Self.webhookConfigurations(configuration), replica: replica,
                leadership: keyStore.leadership, scheduler: scheduler, logger: logger)
        } else {
            guard let directory = keyStore.directory else { throw ServingProblems(problems: []) }
            do throws(StoreError) {
                let documents = DirectoryDocumentStore<ServingIdentity>(directory, scheduler: scheduler, logger: logger)
                let stored = try documents.openAtStart("") { () throws(StoreError) in
                    try ServingIdentityMaker().first(
                        try SelfSignedCA.former(in: directory), policy: plan.policy, at: scheduler.now())
                }
                replica.apply(.document(stored))
                store = documents
            } catch {
                throw ServingProblems(problems: [ConfigurationProblem(.error, at: "tls", "\(error)")])
            }
        }
        self.keeper = keeper
        let evidence: any WebhookEvidenceReading = keeper?.trust ?? NoWebhookTrust()
        let service = ServingIdentityService(
            store: store, replica: replica, plan: plan, evidence: evidence, leadership: keyStore.leadership,
            clock: keyStore.clock, scheduler: scheduler, logger: logger)
        services = [service] + (keeper.map { [$0] } ?? [])
    }

    static func webhookConfigurations(_ configuration: GatewayConfiguration) -> [String] {
        configuration.endpoints.map { configuration.injection.webhook.configurationName(of: $0.name) }
    }
}
