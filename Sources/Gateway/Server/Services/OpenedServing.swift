import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle

/// What the listeners serve, with what keeps it: configured certificates from their files, or the gateway's own from
/// the key store.
struct OpenedServing: Sendable {
    /// Of the token listener.
    let certificates: ServingCertificates
    /// Of the webhook listener.
    let webhook: ServingCertificates
    /// They run after the key store's client and election.
    let services: [any Service]

    private let plan: ServingPlan?
    private let keeper: CABundleInjector?
    private let configured: ConfiguredServing?
    private let namespace: String?

    /// Reads the configured files, and makes what is missing in a key directory; calls no API server. While that is
    /// away there is nothing to serve, which the certificates tell.
    ///
    /// - Throws: everything that is wrong with the configured certificates or the directory.
    init(
        _ configuration: GatewayConfiguration, in host: HostEnvironment,
        keyStore: OpenedKeyStore, scheduler: Scheduler, logger: Logger
    ) throws(ServingProblems) {
        namespace = keyStore.kubernetes?.namespace ?? host.namespace
        var services: [any Service] = []
        var webhook: ServingCertificates?
        if configuration.certificates.isEmpty {
            configured = nil
        } else {
            let made = try ConfiguredServing(
                configuration, namespace: namespace, resolve: host.resolve, scheduler: scheduler, logger: logger
            )
            configured = made
            services.append(made)
            webhook = made.webhook
        }
        if let configured, let webhook {
            (certificates, self.webhook, self.services) = (configured.tokens, webhook, services)
            (plan, keeper) = (nil, nil)
            return
        }
        let own = try OwnServing(
            configuration, in: host, namespace: namespace, keyStore: keyStore, scheduler: scheduler,
            logger: logger)
        certificates = configured?.tokens ?? own.certificates
        self.webhook = own.certificates
        self.services = services + own.services
        (plan, keeper) = (own.plan, own.keeper)
    }

    /// Goes on for another configuration: its endpoints, the lives of their tokens, and `injection`.
    func follow(_ configuration: GatewayConfiguration) {
        plan?.replace(with: ServingPolicy(configuration, namespace: namespace))
        keeper?.follow(OwnServing.webhookConfigurations(configuration))
        configured?.apply(configuration)
    }
}
