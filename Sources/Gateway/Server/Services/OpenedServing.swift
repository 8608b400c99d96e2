import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle

/// The certificates of the listeners and their services: configured certificates from files, or the serving certificate
/// of the gateway's self-signed CA from the key store.
struct OpenedServing: Sendable {
    /// The certificates of the token listener.
    let certificates: ServingCertificates
    /// The certificates of the webhook listener.
    let webhook: ServingCertificates
    /// The services, which run after the client and the election of the key store.
    let services: [any Service]

    /// nil where there is no API server.
    let webhooks: ObservedWebhookConfigurations?

    /// The CA that every sidecar must have; nil where the token listener serves configured certificates.
    let required: PodsWithoutCA.Source?

    private let plan: ServingPlan?
    private let injector: CABundleInjector?
    private let configured: ConfiguredServing?
    /// nil where there is no API server.
    private let publisher: CABundlePublisher?
    private let namespace: String?

    /// Reads the configured files, and creates a missing serving identity in a key directory. The API server is not
    /// called; until the serving identity is loaded, the certificates have a `problem`.
    ///
    /// - Throws: all problems of the configured certificates or the directory.
    init(
        _ configuration: GatewayConfiguration, in host: HostEnvironment,
        keyStore: OpenedKeyStore, scheduler: Scheduler, logger: Logger
    ) throws(ServingProblems) {
        namespace = keyStore.kubernetes?.namespace ?? host.namespace
        webhooks = keyStore.kubernetes.map { cluster in
            ObservedWebhookConfigurations(
                client: cluster.client, service: configuration.injection.webhook.service, namespace: cluster.namespace,
                labels: Self.labels(configuration), leadership: keyStore.leadership, scheduler: scheduler,
                logger: logger)
        }
        var services: [any Service] = webhooks.map { [$0] } ?? []
        var webhook: ServingCertificates?
        if configuration.certificates.isEmpty {
            configured = nil
        } else {
            let opened = try ConfiguredServing(
                configuration, namespace: namespace, resolve: host.resolve, scheduler: scheduler, logger: logger
            )
            configured = opened
            services.append(opened)
            webhook = opened.webhook
        }
        func publisher(of certificates: ServingCertificates) -> CABundlePublisher? {
            keyStore.kubernetes.map { cluster in
                CABundlePublisher(
                    client: cluster.client, place: configuration.injection.caConfigMap,
                    bundle: { certificates.problem == nil ? certificates.trust ?? "" : nil },
                    changes: { certificates.changes() }, leadership: keyStore.leadership, scheduler: scheduler,
                    logger: logger)
            }
        }
        if let configured, let webhook {
            self.publisher = publisher(of: configured.tokens)
            if let publisher = self.publisher { services.append(publisher) }
            (certificates, self.webhook, self.services) = (configured.tokens, webhook, services)
            (plan, injector, required) = (nil, nil, nil)
            return
        }
        let selfSigned = try SelfSignedServing(
            configuration, in: host, namespace: namespace, webhooks: webhooks, keyStore: keyStore,
            scheduler: scheduler, logger: logger)
        certificates = configured?.tokens ?? selfSigned.certificates
        self.publisher = publisher(of: certificates)
        if let publisher = self.publisher { services.append(publisher) }
        self.webhook = selfSigned.certificates
        self.services = services + selfSigned.services
        (plan, injector) = (selfSigned.plan, selfSigned.injector)
        required = configured == nil ? selfSigned.required : nil
    }

    /// Sets how the Pods that must be recreated with another CA are found.
    func find(injectedPods: @escaping @Sendable () async -> [String]?) { plan?.find(injectedPods: injectedPods) }

    /// Applies a reloaded configuration: its endpoints, their token lifetimes, and `injection`.
    func apply(_ configuration: GatewayConfiguration) {
        plan?.replace(with: ServingPolicy(configuration, namespace: namespace))
        webhooks?.apply(labels: Self.labels(configuration))
        injector?.apply(SelfSignedServing.webhookConfigurations(configuration))
        configured?.apply(configuration)
        publisher?.apply(configuration.injection.caConfigMap)
    }

    /// The keys of the labels by which the endpoints' webhooks select Pods.
    private static func labels(_ configuration: GatewayConfiguration) -> Set<String> {
        Set(configuration.endpoints.map { "\(configuration.injection.prefix)/\($0.injector.label)" })
    }
}
