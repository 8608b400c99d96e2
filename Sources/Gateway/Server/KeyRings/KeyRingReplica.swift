import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle
import Synchronization

/// What this process knows of every endpoint's ring: it takes on what the store tells, and signs by nothing that the
/// store has not confirmed for a while.
final class KeyRingReplica: Service {
    /// What is known of one ring.
    struct View: Sendable {
        /// The last good one.
        var stored: StoredKeyRing?
        /// Whether the store has no ring any more.
        var isGone = false
        /// Why what the store has cannot be used.
        var problem: KeyStoreError?
        /// Another ring that was put in place of this one, by somebody who did not know it.
        var replacedBy: KeyRingVersion?
    }

    private struct Entry {
        let configuration: EndpointConfiguration
        let keys: CurrentSigningKeys
        var signal = ChangeSignal()
        var view = View()
        /// Since when another ring is in its place.
        var replaced: Date?
        /// Why its rotation does not come on.
        var rotationProblem: String?
    }

    private let store: any KeyRingWatching
    private let clock: @Sendable () -> Date
    private let logger: Logger
    private let entries: Mutex<[String: Entry]>

    init(store: any KeyRingWatching, clock: @escaping @Sendable () -> Date, logger: Logger) {
        self.store = store
        self.clock = clock
        self.logger = logger
        entries = Mutex([:])
    }

    /// Adds an endpoint, with what its ring was found to be.
    func mount(_ configuration: EndpointConfiguration, found: Result<StoredKeyRing, KeyStoreError>)
        -> CurrentSigningKeys
    {
        let snapshot: SigningKeySnapshot
        var view = View()
        switch found {
        case .success(let stored):
            view.stored = stored
            snapshot = SigningKeySnapshot(ring: stored.ring, of: configuration)
        case .failure(let failure):
            view.problem = failure
            snapshot = SigningKeySnapshot(failure: failure)
        }
        let keys = CurrentSigningKeys(snapshot)
        keys.confirm(until: confirmationEnd)
        let entry = Entry(configuration: configuration, keys: keys, view: view)
        entries.withLock { $0[configuration.name] = entry }
        return keys
    }

    /// Goes on with an endpoint's ring for another configuration of that endpoint.
    ///
    /// - Returns: nil where the endpoint is not mounted.
    func remount(_ configuration: EndpointConfiguration) -> CurrentSigningKeys? {
        entries.withLock { entries in
            guard let old = entries[configuration.name] else { return nil }
            let snapshot: SigningKeySnapshot =
                if let stored = old.view.stored {
                    SigningKeySnapshot(ring: stored.ring, of: configuration)
                } else {
                    SigningKeySnapshot(failure: old.view.problem ?? .unavailable("its ring is still to be read"))
                }
            let keys = CurrentSigningKeys(snapshot)
            keys.confirm(until: old.keys.confirmedUntil)
            entries[configuration.name] = Entry(
                configuration: configuration, keys: keys, signal: old.signal, view: old.view, replaced: old.replaced,
                rotationProblem: old.rotationProblem)
            return keys
        }
    }

    /// Follows an endpoint's ring no more.
    func unmount(_ endpoint: String) { entries.withLock { _ = $0.removeValue(forKey: endpoint) } }

    func view(of endpoint: String) -> View { entries.withLock { $0[endpoint]?.view } ?? View() }

    /// Why the ring is not as it should be, for readiness detail; nil where it is.
    func problem(of endpoint: String) -> String? {
        let entry = entries.withLock { $0[endpoint] }
        guard let entry else { return nil }
        if let failure = entry.keys.snapshot(at: clock()).failure { return failure.description }
        if let problem = entry.view.problem { return "\(problem); the last good ring is in force" }
        if entry.view.isGone { return "the key ring is gone from the store; the last good one is in force" }
        if entry.view.replacedBy != nil {
            return "another key ring is in its place; the one that verifiers know is in force, and is put back"
        }
        if entry.keys.snapshot.active == nil { return "no key signs until the issuer URL serves the next one" }
        return entry.rotationProblem.map { "rotation: \($0)" }
    }

    /// Tells why the rotation of an endpoint's keys does not come on; nil where it does.
    func tell(rotationProblem: String?, of endpoint: String) {
        entries.withLock { $0[endpoint]?.rotationProblem = rotationProblem }
    }

    /// An element for what becomes of the endpoint's ring from now on.
    func changes(of endpoint: String) -> AsyncStream<Void> {
        entries.withLock { $0[endpoint] }?.signal.changes() ?? AsyncStream { $0.finish() }
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await self.store.watch { news in self.take(news) }
        }
    }

    /// Takes on a ring that this process has written, unless the store has told of a later write meanwhile.
    func take(written stored: StoredKeyRing, of endpoint: String) {
        let known = view(of: endpoint).stored?.ring
        if let known, known.owner == stored.ring.owner, known.revision > stored.ring.revision { return }
        take(stored, of: endpoint)
    }

    /// Takes on a ring that was read or written. One that was made anew while this process has the one that verifiers
    /// know is not, as long as this one may sign: the leader puts its own back.
    func take(_ stored: StoredKeyRing, of endpoint: String) {
        change(endpoint) { entry in
            let known = entry.view.stored
            // An older state of the same ring is one that was put back, or was told late: then the newer one follows.
            if let known, known.ring.owner != stored.ring.owner || stored.ring.revision < known.ring.revision {
                let since = entry.replaced ?? clock()
                entry.replaced = since
                if clock().timeIntervalSince(since) < Double(EndpointConfiguration.replicaWindow) {
                    entry.view.replacedBy = stored.version
                    entry.view.isGone = false
                    entry.view.problem = nil
                    return nil
                }
            }
            entry.replaced = nil
            entry.keys.confirm(until: confirmationEnd)
            let isNew = known?.version != stored.version
            let isOther = isNew || entry.view.isGone || entry.view.problem != nil || entry.view.replacedBy != nil
            entry.view = View(stored: stored)
            return isOther ? SigningKeySnapshot(ring: stored.ring, of: entry.configuration) : nil
        }
    }

    func take(_ news: KeyRingNews) {
        switch news {
        case .ring(let endpoint, let stored): take(stored, of: endpoint)
        case .unusable(let endpoint, let problem):
            tell(endpoint, "the key ring in the store cannot be used", problem)
            change(endpoint) { entry in
                entry.view.problem = problem
                entry.view.isGone = false
                return entry.view.stored == nil ? SigningKeySnapshot(failure: problem) : nil
            }
        case .gone(let endpoint): lose(endpoint)
        case .confirmed(let endpoints):
            if let endpoints {
                let missing = entries.withLock { entries in
                    entries.filter {
                        !endpoints.contains($0.key) && $0.value.view.stored != nil && !$0.value.view.isGone
                    }
                }
                for endpoint in missing.keys { lose(endpoint) }
            }
            let end = confirmationEnd
            let confirmed = entries.withLock { entries in
                entries.values.filter { entry in
                    // Whoever wrote that ring goes on with it, unseen by this gateway.
                    if case .newerVersion = entry.view.problem { return false }
                    return entry.view.replacedBy == nil && !entry.view.isGone
                }.map(\.keys)
            }
            for keys in confirmed { keys.confirm(until: end) }
        }
    }

    /// The store has no ring of the endpoint.
    private func lose(_ endpoint: String) {
        change(endpoint) { entry in
            entry.view.isGone = true
            entry.view.problem = nil
            entry.view.replacedBy = nil
            return nil
        }
    }

    private var confirmationEnd: Date {
        clock().addingTimeInterval(Double(EndpointConfiguration.replicaWindow))
    }

    /// - Parameter change: the snapshot that is in force from now on; nil for the one that is.
    private func change(_ endpoint: String, _ change: (inout Entry) -> SigningKeySnapshot?) {
        let changed = entries.withLock { entries -> (Entry, SigningKeySnapshot?)? in
            guard var entry = entries[endpoint] else { return nil }
            let snapshot = change(&entry)
            entries[endpoint] = entry
            // Under the lock, so that of two changes the later one's snapshot stays.
            if let snapshot { entry.keys.replace(with: snapshot) }
            return (entry, snapshot)
        }
        changed?.0.signal.send()
    }

    private func tell(_ endpoint: String, _ message: Logger.Message, _ problem: KeyStoreError) {
        guard view(of: endpoint).problem != problem else { return }
        logger.error(message, metadata: ["endpoint": "\(endpoint)", "reason": "\(problem)"])
    }
}
