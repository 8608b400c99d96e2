import AsyncHTTPClient
import FoundationEssentials
import GatewayCore
import Kubernetes
import Logging
import ServiceLifecycle

/// The configured key store, with what belongs to it: its documents, who leads, and where key pairs to import are.
struct OpenedKeyStore: Sendable {
    /// Why there is none.
    struct Problem: Error {
        let keyPath: String
        let message: String
    }

    let rings: any DocumentStore<KeyRing>
    let keyPairs: any KeyPairReading
    let leadership: Leadership
    /// Decides who leads.
    let election: any Service
    /// Must run for the store to be used; nil where nothing must.
    let client: KubernetesClientService?
    /// Where the store is Kubernetes' own.
    let kubernetes: Cluster?

    /// The API server that keeps it, and the gateway's own namespace there.
    struct Cluster: Sendable {
        let client: KubernetesClient
        let namespace: String
    }

    /// Where the store is a directory.
    let directory: PrivateDirectory?

    /// Calls nothing yet, but for the making of a directory.
    init(
        _ configuration: GatewayConfiguration, in surroundings: HostEnvironment, scheduler: Scheduler,
        logger: Logger
    ) throws(Problem) {
        var kubeconfig: String?
        if case .kubernetes(let path) = configuration.review { kubeconfig = path }
        try self.init(
            configuration.keyStore, kubeconfig: kubeconfig, in: surroundings, scheduler: scheduler, logger: logger)
    }

    /// - Parameter kubeconfig: as the configuration has it; nil inside a cluster.
    init(
        _ keyStore: GatewayConfiguration.KeyStore, kubeconfig: String?, in surroundings: HostEnvironment,
        scheduler: Scheduler, logger: Logger
    ) throws(Problem) {
        leadership = Leadership(monotonic: scheduler.monotonic)
        switch keyStore {
        case .directory(let path):
            let path = surroundings.resolve(path)
            let directory: PrivateDirectory
            do {
                directory = try PrivateDirectory(path: path)
            } catch {
                throw Problem(keyPath: "keyStore.directory", message: "\(error)")
            }
            self.directory = directory
            rings = DirectoryDocumentStore<KeyRing>(directory, scheduler: scheduler, logger: logger)
            keyPairs = DirectoryKeyPairReader(directory: path)
            election = DirectoryElection(directory: path, leadership: leadership, scheduler: scheduler, logger: logger)
            client = nil
            kubernetes = nil
        case .kubernetes:
            // A ring in a namespace that nobody meant would be as good as lost.
            guard let namespace = surroundings.namespace else {
                throw Problem(
                    keyPath: "keyStore",
                    message: "the gateway does not know its namespace, where key rings are kept; set POD_NAMESPACE, "
                        + "or keyStore: {directory: PATH}")
            }
            let made: (client: KubernetesClient, service: KubernetesClientService)
            do {
                made = try KubernetesConnection.make(
                    kubeconfig: kubeconfig.map(surroundings.resolve), environment: surroundings.environment,
                    serviceAccountFolder: KubernetesConnection.serviceAccountFolder, at: scheduler.now(),
                    limits: KubernetesClient.Limits(), scheduler: scheduler, logger: logger)
            } catch {
                throw Problem(
                    keyPath: "keyStore",
                    message: "there is no API server to keep keys in: \(error.problems.joined(separator: "; ")); "
                        + "run in a cluster, name review.kubeconfig, or set keyStore: {directory: PATH}")
            }
            rings = SecretDocumentStore<KeyRing>(
                client: made.client, namespace: namespace, scheduler: scheduler, logger: logger)
            keyPairs = KeyPairSecretReader(client: made.client, namespace: namespace, scheduler: scheduler)
            election = LeaseElection(
                client: made.client, namespace: namespace, name: "sts-gateway",
                identity: Self.identity(surroundings.environment), leadership: leadership,
                scheduler: scheduler.kubernetes, logger: logger)
            client = made.service
            kubernetes = Cluster(client: made.client, namespace: namespace)
            directory = nil
        }
    }

    /// Where the last valid configuration is stored.
    func configurations(scheduler: Scheduler, logger: Logger) -> (any DocumentStore<LastValidConfiguration>)? {
        if let directory { return DirectoryDocumentStore(directory, scheduler: scheduler, logger: logger) }
        return kubernetes.map {
            SecretDocumentStore(client: $0.client, namespace: $0.namespace, scheduler: scheduler, logger: logger)
        }
    }

    /// Ends what was opened and does not run.
    func abandon() async { try? await client?.shutdown() }

    /// The Pod's name, or the machine's, and what tells two processes there apart.
    private static func identity(_ environment: [String: String]) -> String {
        let name = environment["POD_NAME"] ?? environment["HOSTNAME"] ?? "sts-gateway"
        return "\(name)_\(KeyRing.newOwner())"
    }
}
