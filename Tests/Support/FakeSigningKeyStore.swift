package import GatewayCore
import Synchronization

/// A store in memory with compare-and-swap, which fails on request.
package final class FakeSigningKeyStore: SigningKeyStore {
    private struct State {
        var rings: [String: StoredKeyRing] = [:]
        var lastVersion = 0
        var failure: KeyStoreError?
        var saves = 0
        var beforeSave: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    package subscript(endpoint: String) -> StoredKeyRing? { state.withLock { $0.rings[endpoint] } }

    /// The number of successful writes.
    package var saves: Int { state.withLock { $0.saves } }

    /// Every call throws this error; nil for none.
    package func fail(_ failure: KeyStoreError?) { state.withLock { $0.failure = failure } }

    /// Runs the work of another writer before the next write.
    package func beforeNextSave(_ work: @escaping @Sendable () -> Void) { state.withLock { $0.beforeSave = work } }

    /// Writes without a condition; nil removes the ring.
    package func put(_ ring: KeyRing?, for endpoint: String) {
        state.withLock { state in
            state.lastVersion += 1
            let version = KeyRingVersion(rawValue: "\(state.lastVersion)")
            state.rings[endpoint] = ring.map { StoredKeyRing(ring: $0, version: version) }
        }
    }

    package func load(endpoint: String) async throws(KeyStoreError) -> StoredKeyRing? {
        try check()
        return self[endpoint]
    }

    package func save(
        _ ring: KeyRing, replacing expected: KeyRingVersion?
    ) async throws(KeyStoreError) -> KeyRingVersion {
        try check()
        let intruder = state.withLock { state in
            defer { state.beforeSave = nil }
            return state.beforeSave
        }
        intruder?()
        let written = state.withLock { state -> KeyRingVersion? in
            guard state.rings[ring.endpoint]?.version == expected else { return nil }
            state.lastVersion += 1
            state.saves += 1
            let version = KeyRingVersion(rawValue: "\(state.lastVersion)")
            state.rings[ring.endpoint] = StoredKeyRing(ring: ring, version: version)
            return version
        }
        guard let written else { throw .conflict }
        return written
    }

    package func delete(endpoint: String, version: KeyRingVersion) async throws(KeyStoreError) {
        try check()
        let isDeleted = state.withLock { state in
            guard state.rings[endpoint]?.version == version else { return false }
            state.rings[endpoint] = nil
            return true
        }
        guard isDeleted else { throw .conflict }
    }

    package func endpoints() async throws(KeyStoreError) -> [String] {
        try check()
        return state.withLock { $0.rings.keys.sorted() }
    }

    private func check() throws(KeyStoreError) {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }
}
