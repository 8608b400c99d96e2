import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle

/// The key rings of a gateway's endpoints: opened when endpoints are mounted, then kept by the services of this type.
struct KeyRings: Sendable {
    let replicas: KeyRingReplicas
    /// Services that run whatever the endpoints are, in the order of their start.
    let services: [any Service]
    private let store: any DocumentStore<KeyRing>
    private let keyPairs: any KeyPairReading
    private let leadership: Leadership
    private let scheduler: Scheduler
    private let logger: Logger
    private let maker = SigningKeyMaker()

    /// Rings that are read at a time.
    private static let width = 16
    /// Seconds after which no more rings are opened: a store that is away must not keep the gateway from starting.
    private static let patience = 5.0

    /// Why an endpoint has no ring yet.
    static let notLoaded = StoreError.unavailable("the key ring was not loaded yet")

    init(_ keyStore: OpenedKeyStore, scheduler: Scheduler, logger: Logger) {
        let client: [any Service] = keyStore.client.map { [$0] } ?? []
        self.init(
            store: keyStore.rings, keyPairs: keyStore.keyPairs, leadership: keyStore.leadership,
            storeServices: client, election: [keyStore.election], scheduler: scheduler, logger: logger)
    }

    /// - Parameters:
    ///   - storeServices: run before the replicas.
    ///   - election: runs after them.
    init(
        store: any DocumentStore<KeyRing>, keyPairs: any KeyPairReading, leadership: Leadership,
        storeServices: [any Service] = [], election: [any Service] = [], scheduler: Scheduler, logger: Logger
    ) {
        self.store = store
        self.keyPairs = keyPairs
        self.leadership = leadership
        self.scheduler = scheduler
        self.logger = logger
        replicas = KeyRingReplicas(store: store, clock: scheduler.now, logger: logger)
        services = storeServices + [replicas] + election
    }

    /// Opens the key rings of endpoints that are not mounted, and mounts them. A ring that is missing is created. Where
    /// one cannot be read, which is logged, or takes too long, the services load it later; its endpoint has no key until
    /// then.
    ///
    /// - Returns: the keys of each endpoint, by its name.
    func open(_ endpoints: [EndpointConfiguration]) async -> [String: CurrentSigningKeys] {
        var opened: [String: CurrentSigningKeys] = [:]
        let end = scheduler.monotonic() + Self.patience
        await withTaskGroup(of: (String, CurrentSigningKeys).self) { group in
            for (index, endpoint) in endpoints.enumerated() {
                if index >= Self.width, let (name, keys) = await group.next() { opened[name] = keys }
                group.addTask { (endpoint.name, await open(endpoint, before: end)) }
            }
            for await (name, keys) in group { opened[name] = keys }
        }
        return opened
    }

    /// Returns the keys of an endpoint that is mounted, for another configuration of it. The keys that were returned
    /// for its previous configuration are no longer updated.
    func remount(_ endpoint: EndpointConfiguration) -> CurrentSigningKeys {
        replicas.remount(endpoint) ?? replicas.mount(endpoint, found: .failure(Self.notLoaded))
    }

    private func open(_ endpoint: EndpointConfiguration, before end: Double) async -> CurrentSigningKeys {
        guard scheduler.monotonic() < end else {
            return replicas.mount(endpoint, found: .failure(Self.notLoaded))
        }
        var logger = logger
        logger[metadataKey: "endpoint"] = "\(endpoint.name)"
        let rotation = KeyRotation(
            configuration: endpoint,
            leader: DocumentLeader(store: store, mayWrite: { true }, logger: logger),
            keyPairs: keyPairs, maker: maker)
        do throws(StoreError) {
            return replicas.mount(endpoint, found: .success(try await rotation.first(at: scheduler.now())))
        } catch {
            logger.error("key ring failed", metadata: ["reason": "\(error)"])
            return replicas.mount(endpoint, found: .failure(error))
        }
    }

    /// Advances the rings of these endpoints.
    ///
    /// - Parameter statuses: the last observed state of the published documents.
    func rotation(of endpoints: [EndpointConfiguration], following statuses: PublicationStatuses) -> any Service {
        KeyRotationService(
            endpoints: endpoints, replicas: replicas, store: store, keyPairs: keyPairs,
            leadership: leadership, statuses: statuses, maker: maker, scheduler: scheduler, logger: logger)
    }
}
