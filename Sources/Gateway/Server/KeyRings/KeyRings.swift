import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle

/// The key rings of a gateway's endpoints: opened when endpoints are mounted, then maintained by the services of this
/// type.
struct KeyRings: Sendable {
    let replicas: KeyRingReplicas
    /// The services that do not depend on the endpoints, in start order.
    let services: [any Service]
    private let store: any DocumentStore<KeyRing>
    private let keyPairs: any KeyPairReading
    private let leadership: Leadership
    private let clock: ClockComparison?
    private let scheduler: Scheduler
    private let logger: Logger
    private let generator = SigningKeyGenerator()

    /// How many rings are read at the same time.
    private static let maximumConcurrentReads = 16
    /// Seconds after which no more rings are opened: an unavailable store must not prevent the gateway from starting.
    private static let openTimeout = 5.0

    static let notCreated = StoreError.rejected("the key ring does not exist yet; the leading gateway creates it")

    init(_ keyStore: OpenedKeyStore, scheduler: Scheduler, logger: Logger) {
        let client: [any Service] = keyStore.client.map { [$0] } ?? []
        self.init(
            store: keyStore.rings, keyPairs: keyStore.keyPairs, leadership: keyStore.leadership,
            storeServices: client, election: [keyStore.election], clock: keyStore.clock, scheduler: scheduler,
            logger: logger)
    }

    /// - Parameters:
    ///   - storeServices: run before the replicas.
    ///   - election: runs after the replicas.
    init(
        store: any DocumentStore<KeyRing>, keyPairs: any KeyPairReading, leadership: Leadership,
        storeServices: [any Service] = [], election: [any Service] = [], clock: ClockComparison? = nil,
        scheduler: Scheduler, logger: Logger
    ) {
        self.store = store
        self.keyPairs = keyPairs
        self.leadership = leadership
        self.clock = clock
        self.scheduler = scheduler
        self.logger = logger
        replicas = KeyRingReplicas(store: store, scheduler: scheduler, logger: logger)
        let removal = RemovedIssuerService(
            issuers: replicas.removed, store: store, leadership: leadership, scheduler: scheduler, logger: logger)
        services = storeServices + [replicas] + election + [removal]
    }

    /// Opens the key rings of endpoints that are not mounted, and mounts them. A ring that is missing is left to the
    /// leader, since a replica that has created a ring of its own signs with keys that nobody knows. Where one cannot be
    /// read, which is logged, or takes too long, the services load it later; its endpoint has no key until then.
    ///
    /// - Returns: the keys of each endpoint, by its name.
    func open(_ endpoints: [EndpointConfiguration]) async -> [String: CurrentSigningKeys] {
        var opened: [String: CurrentSigningKeys] = [:]
        let end = scheduler.monotonic() + Self.openTimeout
        await withTaskGroup(of: (String, CurrentSigningKeys).self) { group in
            for (index, endpoint) in endpoints.enumerated() {
                if index >= Self.maximumConcurrentReads, let (name, keys) = await group.next() { opened[name] = keys }
                group.addTask { (endpoint.name, await open(endpoint, before: end)) }
            }
            for await (name, keys) in group { opened[name] = keys }
        }
        return opened
    }

    /// Returns the keys of an endpoint that is mounted, for another configuration of it. The keys that were returned
    /// for its previous configuration are no longer updated.
    func remount(_ endpoint: EndpointConfiguration) -> CurrentSigningKeys {
        replicas.remount(endpoint) ?? replicas.mount(endpoint, found: .failure(KeyRingReplicas.notLoaded))
    }

    private func open(_ endpoint: EndpointConfiguration, before end: Double) async -> CurrentSigningKeys {
        guard scheduler.monotonic() < end else {
            return replicas.mount(endpoint, found: .failure(KeyRingReplicas.notLoaded))
        }
        do throws(StoreError) {
            guard let stored = try await store.load(endpoint.name) else {
                return replicas.mount(endpoint, found: .failure(Self.notCreated))
            }
            return replicas.mount(endpoint, found: .success(stored))
        } catch {
            var logger = logger
            logger[metadataKey: "endpoint"] = "\(endpoint.name)"
            logger.error("key ring failed", metadata: ["code": "\(error.code)", "reason": "\(error)"])
            return replicas.mount(endpoint, found: .failure(error))
        }
    }

    /// Returns when every ring of these endpoints exists that did not, for a few seconds at most.
    func untilCreated(_ endpoints: [EndpointConfiguration]) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { group in
                    for endpoint in endpoints { group.addTask { await replicas.untilCreated(endpoint.name) } }
                }
            }
            group.addTask { try? await scheduler.sleep(Self.openTimeout) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Returns when the rings of removed endpoints are known, after a few seconds at most.
    func untilListed() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await replicas.removed.untilListed() }
            group.addTask { try? await scheduler.sleep(Self.openTimeout) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Decides which of two rings of these endpoints stays, on every replica.
    ///
    /// - Parameter readers: the public issuer URLs, by endpoint.
    func recovery(of endpoints: [EndpointConfiguration], readers: [String: any IssuerReading]) -> any Service {
        KeyRingRecovery(
            endpoints: endpoints, readers: readers, replicas: replicas, store: store,
            leadership: leadership, clock: clock, scheduler: scheduler, logger: logger)
    }

    /// The service that advances the rings of these endpoints.
    ///
    /// - Parameter statuses: the last observed state of the published documents.
    func rotation(of endpoints: [EndpointConfiguration], following statuses: PublicationStatuses) -> any Service {
        KeyRotationService(
            endpoints: endpoints, replicas: replicas, store: store, keyPairs: keyPairs,
            leadership: leadership, statuses: statuses, generator: generator, clock: clock, scheduler: scheduler,
            logger: logger)
    }
}
