import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle
import Synchronization

/// The key ring replicas of this process, one per endpoint.
final class KeyRingReplicas: Service {
    private struct Entry {
        let keys: CurrentSigningKeys
        let replica: DocumentReplica<KeyRing>
        /// Why the rotation does not advance; nil where it does.
        var rotationProblem: String?
    }

    /// The problem of an endpoint whose ring was not loaded yet.
    static let notLoaded = StoreError.unavailable("the key ring was not loaded yet")

    private let store: any DocumentStore<KeyRing>
    private let scheduler: Scheduler
    private let logger: Logger
    private let entries = Mutex<[String: Entry]>([:])
    /// When an event of the watch last confirmed all rings, in monotonic seconds.
    private let confirmed = Mutex<Double?>(nil)
    /// The rings of endpoints that are not mounted.
    let removed = RemovedIssuers()

    init(store: any DocumentStore<KeyRing>, scheduler: Scheduler, logger: Logger) {
        self.store = store
        self.scheduler = scheduler
        self.logger = logger
    }

    /// Adds an endpoint.
    ///
    /// - Parameter found: the endpoint's ring as loaded.
    func mount(
        _ configuration: EndpointConfiguration, found: Result<Stored<KeyRing>, StoreError>
    ) -> CurrentSigningKeys {
        var view = DocumentReplica<KeyRing>.View()
        let snapshot: SigningKeySnapshot
        switch found {
        case .success(let stored):
            view.stored = stored
            snapshot = SigningKeySnapshot(ring: stored.value, of: configuration)
        case .failure(let failure):
            view.problem = failure
            snapshot = SigningKeySnapshot(failure: failure)
        }
        let keys = CurrentSigningKeys(snapshot, monotonic: scheduler.monotonic)
        var logger = logger
        logger[metadataKey: "endpoint"] = "\(configuration.name)"
        let replica = DocumentReplica(
            configuration.name, view: view, consumer: Self.consumer(configuration, keys), scheduler: scheduler,
            logger: logger)
        entries.withLock { $0[configuration.name] = Entry(keys: keys, replica: replica) }
        removed.remove(configuration.name)
        return keys
    }

    /// Continues an endpoint's ring for another configuration of that endpoint.
    ///
    /// - Returns: nil where the endpoint is not mounted.
    func remount(_ configuration: EndpointConfiguration) -> CurrentSigningKeys? {
        entries.withLock { entries in
            guard let old = entries[configuration.name] else { return nil }
            let keys = old.replica.replaceConsumer { view in
                let snapshot: SigningKeySnapshot =
                    if let stored = view.stored {
                        SigningKeySnapshot(ring: stored.value, of: configuration)
                    } else {
                        SigningKeySnapshot(failure: view.problem ?? Self.notLoaded)
                    }
                let keys = CurrentSigningKeys(snapshot, monotonic: scheduler.monotonic)
                keys.confirm(until: old.keys.confirmedUntil)
                return (Self.consumer(configuration, keys), keys)
            }
            entries[configuration.name] = Entry(
                keys: keys, replica: old.replica, rotationProblem: old.rotationProblem)
            return keys
        }
    }

    /// Removes an endpoint. Its documents are served until its last token has expired.
    func unmount(_ endpoint: String) {
        let entry = entries.withLock { $0.removeValue(forKey: endpoint) }
        // The watch reports a ring again only when it changes.
        if let stored = entry?.replica.view.stored { removed.put(stored) }
    }

    /// nil where the endpoint is not mounted.
    subscript(endpoint: String) -> DocumentReplica<KeyRing>? { entries.withLock { $0[endpoint]?.replica } }

    /// What is wrong with the ring, for the readiness details; nil where nothing is.
    func problem(of endpoint: String) -> String? {
        guard let entry = entries.withLock({ $0[endpoint] }) else { return nil }
        if let failure = entry.keys.confirmedSnapshot.failure {
            // The leader reports why it cannot create the ring.
            guard failure == KeyRings.notCreated, let problem = entry.rotationProblem else {
                return failure.description
            }
            return "\(failure): \(problem)"
        }
        let view = entry.replica.view
        if let problem = view.problem { return "\(problem); the last valid key ring is in force" }
        if view.isMissing == true { return "the key ring is missing in the store; the last valid one is in force" }
        if view.replacedBy != nil {
            return "the store contains another key ring; the published one is in force, and the leader restores it"
        }
        if let time = view.stored?.value.futureTimes(at: scheduler.now()).first {
            // The leader reports why it does not repair it.
            return entry.rotationProblem.map { "rotation: \($0)" }
                ?? "\(time) is in the future; check the clocks of all replicas"
        }
        if entry.keys.snapshot.active == nil { return "no active signing key until the issuer URL serves the next one" }
        return entry.rotationProblem.map { "rotation: \($0)" }
    }

    /// The ring in force; nil before it was read.
    func ring(of endpoint: String) -> KeyRing? { self[endpoint]?.view.stored?.value }

    /// The code of ``problem(of:)``.
    func code(of endpoint: String) -> ErrorCode? {
        guard let entry = entries.withLock({ $0[endpoint] }) else { return nil }
        if let failure = entry.keys.confirmedSnapshot.failure ?? entry.replica.view.problem { return failure.code }
        return entry.keys.snapshot.active == nil ? .noSigningKey : nil
    }

    /// Returns when the endpoint has a ring, or lacks one for another reason than that it was not created yet.
    func untilCreated(_ endpoint: String) async {
        guard let entry = entries.withLock({ $0[endpoint] }) else { return }
        // Before the look, so that no change falls between.
        var changes = entry.replica.changes().makeAsyncIterator()
        while entry.keys.snapshot.failure == KeyRings.notCreated, await changes.next() != nil {}
    }

    /// Whether the store contains the ring that is in force, and it can be read.
    func isConfirmed(_ endpoint: String) -> Bool {
        guard let view = self[endpoint]?.view else { return false }
        return view.stored != nil && view.problem == nil && view.isMissing != true && view.replacedBy == nil
    }

    /// Sets the rotation problem of an endpoint.
    ///
    /// - Parameter rotationProblem: why the rotation does not advance; nil where it does.
    func report(rotationProblem: String?, of endpoint: String) {
        entries.withLock { $0[endpoint]?.rotationProblem = rotationProblem }
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await self.store.watch { news in self.apply(news) }
        }
    }

    /// Passes a report of the watch to the replicas that it concerns.
    func apply(_ news: DocumentNews<KeyRing>) {
        switch news {
        case .document(let stored):
            if let replica = self[stored.value.endpoint] { replica.apply(news) } else { removed.put(stored) }
        case .unusable(let endpoint, _, _): self[endpoint]?.apply(news)
        case .missing(let endpoint):
            self[endpoint]?.apply(news)
            removed.remove(endpoint)
        case .confirmed(let names):
            guard names != nil || isConfirmationDue() else { return }
            for entry in entries.withLock({ Array($0.values) }) { entry.replica.apply(news) }
            if let names { removed.listed(names) }
        }
    }

    /// Seconds in which events of the watch confirm all rings once: each event says so, also when thousands of rings change.
    static let confirmationInterval = 1.0

    private func isConfirmationDue() -> Bool {
        let now = scheduler.monotonic()
        return confirmed.withLock { confirmed in
            if let last = confirmed, now - last < Self.confirmationInterval { return false }
            confirmed = now
            return true
        }
    }

    private static func consumer(
        _ configuration: EndpointConfiguration, _ keys: CurrentSigningKeys
    ) -> DocumentReplica<KeyRing>.Consumer {
        DocumentReplica<KeyRing>.Consumer(
            use: { ring, _ in keys.replace(with: SigningKeySnapshot(ring: ring, of: configuration)) },
            fail: { failure in keys.replace(with: SigningKeySnapshot(failure: failure)) },
            confirm: { end in keys.confirm(until: end) })
    }
}
