import AsyncHTTPClient
import FoundationEssentials
import GatewayCore
import Kubernetes
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

/// The parts of a gateway. Each is opened even where another one has failed, so that all problems are reported.
struct StartParts {
    private(set) var keyStore: OpenedKeyStore?
    private(set) var reviewer: (any TokenReviewing)?
    /// nil with the `offline` reviewer.
    private(set) var metadata: (any WorkloadMetadataReading)?
    private(set) var serving: OpenedServing?
    /// Drops cached reviews that have expired.
    private(set) var dropExpired: @Sendable () -> Void = {}
    /// The client of the API server; nil where there is none.
    private(set) var cluster: KubernetesClient?
    private(set) var services: [any Service] = []
    private(set) var problems: [ConfigurationProblem] = []

    private let configuration: GatewayConfiguration
    private let host: HostEnvironment
    private let observe: TokenReviewObserver
    private let scheduler: Scheduler
    private let logger: Logger

    init(
        configuration: GatewayConfiguration, host: HostEnvironment,
        observe: @escaping TokenReviewObserver, scheduler: Scheduler, logger: Logger
    ) {
        self.configuration = configuration
        self.host = host
        self.observe = observe
        self.scheduler = scheduler
        self.logger = logger
        let now = host.clock()
        openStore()
        openReviewer(at: now)
        openServing()
        checkClientAuthority()
    }

    /// Shuts down the clients of a gateway that does not start.
    func shutdown() async {
        for service in services {
            try? await (service as? HTTPClientService)?.client.shutdown()
            try? await (service as? KubernetesClientService)?.shutdown()
        }
        await keyStore?.shutdown()
    }

    private func resolve(_ path: String) -> String { host.resolve(path) }

    private mutating func openStore() {
        do throws(OpenedKeyStore.Problem) {
            keyStore = try OpenedKeyStore(configuration, in: host, scheduler: scheduler, logger: logger)
            cluster = keyStore?.kubernetes?.client
        } catch {
            problem(error.keyPath, error.message)
        }
    }

    private mutating func openReviewer(at now: Date) {
        switch configuration.review {
        case .kubernetes(let kubeconfig):
            do throws(KubernetesConnectionError) {
                let opened = try KubernetesTokenReviewer.make(
                    kubeconfig: kubeconfig.map(resolve), environment: host.environment, at: now,
                    scheduler: scheduler, logger: logger, observe: observe)
                reviewer = opened.reviewer
                metadata = opened.metadata
                dropExpired = { [scheduler] in opened.reviewer.dropExpired(at: scheduler.now()) }
                services += opened.services
                cluster = cluster ?? opened.client
            } catch {
                for text in error.problems { problem("review", text) }
            }
        case .offline(let keys, let issuer):
            logger.warning(
                "offline reviewer does not detect deleted Pods; tokens are valid until they expire",
                metadata: ["code": "\(ErrorCode.configurationWarning)"])
            switch keys {
            case .file(let path):
                if let failure = KeySetCache.failure(ofFile: resolve(path)) {
                    problem(
                        "review.offline.jwks",
                        failure.reason + "; use the output of kubectl get --raw /openid/v1/jwks")
                }
                reviewer = LocalTokenReviewer(
                    keys: KeySetCache(file: resolve(path)), issuer: issuer, observe: observe)
            case .url(let url):
                let client = HTTPClientService()
                services.append(client)
                reviewer = LocalTokenReviewer(
                    keys: KeySetCache(url: url, client: client.client), issuer: issuer, observe: observe)
            }
        }
    }

    private mutating func openServing() {
        do throws(ServingProblems) {
            guard let keyStore else {
                // Reports the problems of the configured files.
                if !configuration.certificates.isEmpty {
                    _ = try ConfiguredServing(
                        configuration, namespace: host.namespace, resolve: host.resolve,
                        scheduler: scheduler, logger: logger)
                }
                return
            }
            serving = try OpenedServing(
                configuration, in: host, keyStore: keyStore, scheduler: scheduler, logger: logger)
        } catch {
            problems += error.problems
        }
    }

    /// Rejects a `clientCA` file without certificates, which would accept no client or every client.
    private mutating func checkClientAuthority() {
        guard let file = configuration.injection.webhook.clientAuthorityFile else { return }
        let found = try? NIOSSLCertificate.fromPEMFile(resolve(file))
        guard found?.isEmpty ?? true else { return }
        problem(
            "injection.webhook.clientCA",
            "\"\(file)\" has no certificate in PEM; expected the CAs of the client certificates")
    }

    private mutating func problem(_ keyPath: String, _ message: String) {
        problems.append(ConfigurationProblem(.error, at: keyPath, message))
    }
}
