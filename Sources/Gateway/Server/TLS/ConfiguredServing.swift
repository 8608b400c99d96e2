import GatewayCore
import KubernetesAPI
import Logging
import ServiceLifecycle
import Synchronization

/// The configured certificates of the listeners.
final class ConfiguredServing: Service {
    /// All configured certificates, selected by SNI.
    let tokens: ServingCertificates
    /// The certificate for the webhook's Service; nil where none has its name.
    let webhook: ServingCertificates?

    private let certificates: ConfiguredCertificates
    /// The index of the webhook's pair.
    private let webhookIndex: Int?
    private let namespace: String?
    /// The host by which Pods reach the token listener; nil for the host of the first certificate.
    private let gatewayHost: Mutex<String?>

    /// - Parameter namespace: the gateway's namespace; nil where it is not known.
    init(
        _ configuration: GatewayConfiguration, namespace: String?, resolve: @escaping @Sendable (String) -> String,
        scheduler: Scheduler, logger: Logger
    ) throws(ServingProblems) {
        certificates = try ConfiguredCertificates(
            configuration.certificates, resolve: resolve, scheduler: scheduler, logger: logger)
        let pairs = certificates.pairs
        guard let first = pairs.first else { throw ServingProblems(problems: []) }
        self.namespace = namespace
        let host = Self.host(configuration, namespace)
        gatewayHost = Mutex(host)
        // The host name that the API server uses for the webhook.
        let webhookHost = namespace.map { ServiceName(configuration.injection.webhook.service, in: $0).host }
        let index = webhookHost.flatMap { host in pairs.firstIndex { $0.certificate.serves(host) } }
        webhookIndex = index
        tokens = ServingCertificates(Self.served(pairs, first: first, host: host))
        webhook = index.map { ServingCertificates(Self.served(pairs[$0])) }
    }

    /// Applies a reloaded configuration.
    func apply(_ configuration: GatewayConfiguration) {
        let host = Self.host(configuration, namespace)
        gatewayHost.withLock { $0 = host }
        publish()
    }

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.certificates.run() }
            group.addTask {
                await cancelWhenGracefulShutdown {
                    for await _ in self.certificates.changes() { self.publish() }
                }
            }
        }
    }

    /// Serves the certificates that were read last.
    func publish() {
        let pairs = certificates.pairs
        guard let first = pairs.first else { return }
        tokens.replace(with: Self.served(pairs, first: first, host: gatewayHost.withLock { $0 }))
        if let webhookIndex { webhook?.replace(with: Self.served(pairs[webhookIndex])) }
    }

    private static func served(
        _ pairs: [ConfiguredCertificates.Pair], first: ConfiguredCertificates.Pair, host: String?
    ) -> ServingCertificates.Served {
        let forPods = host.flatMap { host in pairs.first { $0.certificate.serves(host) } } ?? first
        return ServingCertificates.Served(
            first: first.certificate, others: pairs.dropFirst().map(\.certificate),
            issuers: PEMCertificates.joined(pairs.flatMap { [$0.authority ?? "", $0.certificate.issuers] }),
            trust: forPods.trust)
    }

    private static func served(_ pair: ConfiguredCertificates.Pair) -> ServingCertificates.Served {
        ServingCertificates.Served(
            first: pair.certificate,
            issuers: PEMCertificates.joined([pair.authority ?? "", pair.certificate.issuers]), trust: pair.trust)
    }

    private static func host(_ configuration: GatewayConfiguration, _ namespace: String?) -> String? {
        configuration.injection.gatewayURL.flatMap(CertificateNames.host(ofURL:))
            ?? namespace.map { ServiceName.gateway(in: $0).host }
    }
}
