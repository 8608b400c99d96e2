import AsyncHTTPClient
import FoundationEssentials
import GatewayCore
import Kubernetes
import Logging
import ServiceLifecycle

/// The opened key store: its documents, the leader election and the reader of key pairs to import.
struct OpenedKeyStore: Sendable {
    /// Why the key store could not be opened.
    struct Problem: Error {
        let keyPath: String
        let message: String
    }

    let rings: any DocumentStore<KeyRing>
    let keyPairs: any KeyPairReading
    let leadership: Leadership
    /// This replica's clock, compared with the API server's, or with a key directory with the issuer URLs'; where none
    /// of them has answered, the kernel knows whether it is synchronized.
    let clock: ClockComparison
    /// The leader election.
    let election: any Service
    /// The client, which must run while the store is used; nil for a directory.
    let client: KubernetesClientService?
    /// The cluster; nil for a directory.
    let kubernetes: Cluster?

    /// The client of the API server, and the gateway's namespace.
    struct Cluster: Sendable {
        let client: KubernetesClient
        let namespace: String
    }

    /// The directory; nil for Secrets.
    let directory: PrivateDirectory?

    /// Opens the key store without calls to the API server; a missing directory is created.
    init(
        _ configuration: GatewayConfiguration, in host: HostEnvironment, scheduler: Scheduler,
        logger: Logger
    ) throws(Problem) {
        var kubeconfig: String?
        if case .kubernetes(let path) = configuration.review { kubeconfig = path }
        try self.init(
            configuration.keyStore, kubeconfig: kubeconfig, in: host, scheduler: scheduler, logger: logger)
    }

    /// - Parameter kubeconfig: the configured path; nil inside a cluster.
    init(
        _ keyStore: GatewayConfiguration.KeyStore, kubeconfig: String?, in host: HostEnvironment,
        scheduler: Scheduler, logger: Logger
    ) throws(Problem) {
        let leadership: Leadership
        let clock: ClockComparison
        switch keyStore {
        case .directory(let path):
            let path = host.resolve(path)
            let directory: PrivateDirectory
            do {
                directory = try PrivateDirectory(path: path, logger: logger)
            } catch {
                throw Problem(keyPath: "keyStore.directory", message: "\(error)")
            }
            self.directory = directory
            // Without a probe, nothing outside this machine says what time it is.
            clock = ClockComparison(
                server: ServerClock(mayBeCached: true), scheduler: scheduler,
                isSynchronized: { SystemClock.isSynchronized(within: ClockReading.tolerance) })
            leadership = Leadership(monotonic: scheduler.monotonic, clock: clock)
            rings = DirectoryDocumentStore<KeyRing>(directory, scheduler: scheduler, logger: logger)
            keyPairs = DirectoryKeyPairReader(directory: path)
            election = DirectoryElection(directory: path, leadership: leadership, scheduler: scheduler, logger: logger)
            client = nil
            kubernetes = nil
        case .kubernetes:
            // No default: rings in an unintended namespace would not be found again.
            guard let namespace = host.namespace else {
                throw Problem(
                    keyPath: "keyStore",
                    message: "the namespace for key rings is not known; set POD_NAMESPACE, "
                        + "or keyStore: {directory: PATH}")
            }
            let connection: (client: KubernetesClient, service: KubernetesClientService)
            do {
                connection = try KubernetesConnection.make(
                    kubeconfig: kubeconfig.map(host.resolve), environment: host.environment,
                    serviceAccountFolder: KubernetesConnection.serviceAccountFolder, at: scheduler.now(),
                    limits: KubernetesClient.Limits(), scheduler: scheduler, logger: logger)
            } catch {
                throw Problem(
                    keyPath: "keyStore",
                    message: "no API server for key rings: \(error.problems.joined(separator: "; ")); "
                        + "run in a cluster, set review.kubeconfig, or set keyStore: {directory: PATH}")
            }
            clock = ClockComparison(
                server: connection.client.serverClock, scheduler: scheduler, isSynchronized: { false })
            leadership = Leadership(monotonic: scheduler.monotonic, clock: clock)
            rings = SecretDocumentStore<KeyRing>(
                client: connection.client, namespace: namespace, scheduler: scheduler, logger: logger)
            keyPairs = KeyPairSecretReader(client: connection.client, namespace: namespace, scheduler: scheduler)
            election = LeaseElection(
                client: connection.client, namespace: namespace, name: Self.leaseName,
                identity: Self.identity(host.environment), leadership: leadership,
                scheduler: scheduler.kubernetes, logger: logger)
            client = connection.service
            kubernetes = Cluster(client: connection.client, namespace: namespace)
            directory = nil
        }
        self.leadership = leadership
        self.clock = clock
    }

    /// Where the last valid configuration is stored.
    func configurations(scheduler: Scheduler, logger: Logger) -> (any DocumentStore<LastValidConfiguration>)? {
        if let directory { return DirectoryDocumentStore(directory, scheduler: scheduler, logger: logger) }
        return kubernetes.map {
            SecretDocumentStore(client: $0.client, namespace: $0.namespace, scheduler: scheduler, logger: logger)
        }
    }

    /// Shuts down the client where its service does not run.
    func shutdown() async { try? await client?.shutdown() }

    /// The name of the Pod or the host, with a suffix that is unique for this process.
    private static func identity(_ environment: [String: String]) -> String {
        let name = environment["POD_NAME"] ?? environment["HOSTNAME"] ?? "sts-gateway"
        return "\(name)_\(KeyRing.newOwner())"
    }
}
