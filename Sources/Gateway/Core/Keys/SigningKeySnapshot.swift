public import GatewayPluginAPI
import Synchronization

/// One moment of an endpoint's keys: what signs, and the documents by which it is verified. Immutable, so that a token
/// never names a `kid` that the key set lacks.
public struct SigningKeySnapshot: Sendable {
    public let active: KeyRing.Key?
    /// Why no ring could be read; nil where one was.
    public let failure: KeyStoreError?
    public let documents: PublishedDocuments?
    /// The same documents, for a publisher.
    public let publishable: PublishableDocuments?

    /// Of a ring that was read.
    public init(ring: KeyRing, issuer: Issuer, privateClaimNames: [String]) {
        active = ring.active
        failure = nil
        let made = DiscoveryDocument(issuer: issuer, keys: ring.publicKeys, privateClaimNames: privateClaimNames)
            .issuerDocuments
        documents = PublishedDocuments(made)
        publishable = PublishableDocuments(ring: ring, documents: made)
    }

    /// Of a ring that could not be read: nothing signs.
    public init(failure: KeyStoreError) {
        active = nil
        self.failure = failure
        documents = nil
        publishable = nil
    }
}

/// The snapshot in force.
public final class CurrentSigningKeys: Sendable {
    private struct State {
        var snapshot: SigningKeySnapshot
        var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
        var lastWatcher = 0
    }

    private let current: Mutex<State>

    public init(_ snapshot: SigningKeySnapshot) { current = Mutex(State(snapshot: snapshot)) }

    public var snapshot: SigningKeySnapshot { current.withLock { $0.snapshot } }

    public func replace(with snapshot: SigningKeySnapshot) {
        let watchers = current.withLock { state in
            state.snapshot = snapshot
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.yield() }
    }

    /// An element for replacements since this call; several that nobody has waited for are one.
    public func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = current.withLock { state in
            state.lastWatcher += 1
            state.watchers[state.lastWatcher] = continuation
            return state.lastWatcher
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.current.withLock { $0.watchers.removeValue(forKey: id) }
        }
        return stream
    }
}
