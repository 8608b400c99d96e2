import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle

/// The key rings of a gateway's endpoints: opened when endpoints are mounted, then kept by the services of this type.
struct KeyRings: Sendable {
    let replicas: KeyRingReplicas
    private let keyStore: OpenedKeyStore
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
        self.keyStore = keyStore
        self.scheduler = scheduler
        self.logger = logger
        replicas = KeyRingReplicas(store: keyStore.rings, clock: scheduler.now, logger: logger)
    }

    /// The keys of each endpoint, in their order. A ring that cannot be read is logged, and leaves this one endpoint
    /// without a key until it can; one that is not there is made. What takes too long is left to the services. An
    /// endpoint that is mounted already goes on with the ring that it has.
    ///
    /// - Parameter mounted: the names of those.
    func open(_ endpoints: [EndpointConfiguration], mounted: Set<String> = []) async -> [CurrentSigningKeys] {
        var opened = [CurrentSigningKeys?](repeating: nil, count: endpoints.count)
        let end = scheduler.monotonic() + Self.patience
        await withTaskGroup(of: (Int, CurrentSigningKeys).self) { group in
            var begun = 0
            for index in endpoints.indices where !mounted.contains(endpoints[index].name) {
                if begun >= Self.width, let (done, keys) = await group.next() { opened[done] = keys }
                begun += 1
                group.addTask { (index, await open(endpoints[index], before: end)) }
            }
            for await (index, keys) in group { opened[index] = keys }
        }
        // At last and at once, since the keys that were handed out before learn nothing new from now on.
        return endpoints.indices.map { index in
            opened[index] ?? replicas.remount(endpoints[index])
                ?? replicas.mount(
                    endpoints[index], found: .failure(Self.notLoaded))
        }
    }

    private func open(_ endpoint: EndpointConfiguration, before end: Double) async -> CurrentSigningKeys {
        guard scheduler.monotonic() < end else {
            return replicas.mount(endpoint, found: .failure(Self.notLoaded))
        }
        var logger = logger
        logger[metadataKey: "endpoint"] = "\(endpoint.name)"
        let rotation = KeyRotation(
            configuration: endpoint,
            leader: DocumentLeader(store: keyStore.rings, mayWrite: { true }, logger: logger),
            keyPairs: keyStore.keyPairs, maker: maker)
        do throws(StoreError) {
            return replicas.mount(endpoint, found: .success(try await rotation.first(at: scheduler.now())))
        } catch {
            logger.error("key ring failed", metadata: ["reason": "\(error)"])
            return replicas.mount(endpoint, found: .failure(error))
        }
    }

    /// What runs whatever endpoints there are, in the order of its start.
    var services: [any Service] {
        let client: [any Service] = keyStore.client.map { [$0] } ?? []
        return client + [replicas, keyStore.election]
    }

    /// Advances the rings of these endpoints.
    ///
    /// - Parameter statuses: the last observed state of the published documents.
    func rotation(of endpoints: [EndpointConfiguration], following statuses: PublicationStatuses) -> any Service {
        KeyRotationService(
            endpoints: endpoints, replicas: replicas, store: keyStore.rings, keyPairs: keyStore.keyPairs,
            leadership: keyStore.leadership, statuses: statuses, maker: maker, scheduler: scheduler, logger: logger)
    }
}
