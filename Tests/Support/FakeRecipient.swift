package import GatewayPluginAPI
package import JOSE
import Synchronization

/// A relying party in memory that stores the keys itself, without a conditional write: the last write wins, as in some
/// real ones. It verifies tokens with the stored keys only, fails on request, and can store something else than it was
/// given.
package final class FakeRecipient: KeyRecipient {
    private struct State {
        var keys: JSONWebKeySet?
        var foreign: [String] = []
        var writes: [JSONWebKeySet] = []
        var reads = 0
        var failures: [PublishError] = []
        var isTrialAccepted = true
        var trialTokens: [String] = []
        var damages = false
        var beforeWrite: (@Sendable () async -> Void)?
        /// Calls until the failure.
        var delayed: (calls: Int, failure: PublishError)?
    }

    package let location: String
    private let state = Mutex(State())

    package init(location: String = "party") { self.location = location }

    /// The stored keys.
    package var keys: JSONWebKeySet? {
        get { state.withLock { $0.keys } }
        set { state.withLock { $0.keys = newValue } }
    }

    package var keyIDs: Set<KeyID> { Set(keys?.keys.map(\.keyID) ?? []) }

    /// All writes, in order.
    package var writes: [JSONWebKeySet] { state.withLock { $0.writes } }

    package var trialTokens: [String] { state.withLock { $0.trialTokens } }

    package var foreign: [String] {
        get { state.withLock { $0.foreign } }
        set { state.withLock { $0.foreign = newValue } }
    }

    /// Whether it verifies a token with the key that is handed over last.
    package var isTrialAccepted: Bool {
        get { state.withLock { $0.isTrialAccepted } }
        set { state.withLock { $0.isTrialAccepted = newValue } }
    }

    /// The next calls throw these errors, one after another.
    package func fail(_ errors: PublishError...) { state.withLock { $0.failures += errors } }

    /// After that many calls, one throws the error.
    package func failAfter(_ calls: Int, _ failure: PublishError) {
        state.withLock { $0.delayed = (calls, failure) }
    }

    /// Whether no writer has begun the write that ``beforeNextWrite(_:)`` waits for.
    package var isUntouchedByWriter: Bool { state.withLock { $0.beforeWrite != nil } }

    /// Accepts the next writes, and stores only the first key of each.
    package var damages: Bool {
        get { state.withLock { $0.damages } }
        set { state.withLock { $0.damages = newValue } }
    }

    /// Runs before the next write, as another writer would.
    package func beforeNextWrite(_ work: @escaping @Sendable () async -> Void) {
        state.withLock { $0.beforeWrite = work }
    }

    package func stored() async throws(PublishError) -> StoredKeySet? {
        try take()
        return state.withLock { state in
            state.keys.map { StoredKeySet(keys: $0, foreign: state.foreign, version: "\(state.writes.count)") }
        }
    }

    package func replace(_ stored: StoredKeySet?, with keys: JSONWebKeySet) async throws(PublishError) {
        try take()
        let other = state.withLock { state in
            defer { state.beforeWrite = nil }
            return state.beforeWrite
        }
        await other?()
        state.withLock { state in
            state.foreign = []
            state.writes.append(keys)
            state.keys = state.damages ? JSONWebKeySet(keys: Array(keys.keys.prefix(1))) : keys
        }
    }

    package func accepts(_ token: String) async throws(PublishError) -> Bool {
        try take()
        return state.withLock { state in
            state.trialTokens.append(token)
            return state.isTrialAccepted && (state.keys.map { Self.verifies(token, $0) } ?? false)
        }
    }

    /// Whether a token verifies with the stored keys.
    package func verifies(_ token: String) -> Bool { keys.map { Self.verifies(token, $0) } ?? false }

    private static func verifies(_ token: String, _ keys: JSONWebKeySet) -> Bool {
        (try? SignedJWT(parsing: token).verify(with: keys)) != nil
    }

    private func take() throws(PublishError) {
        let failure = state.withLock { state -> PublishError? in
            state.reads += 1
            if let delayed = state.delayed {
                state.delayed = delayed.calls == 0 ? nil : (delayed.calls - 1, delayed.failure)
                if delayed.calls == 0 { return delayed.failure }
            }
            return state.failures.isEmpty ? nil : state.failures.removeFirst()
        }
        if let failure { throw failure }
    }
}
