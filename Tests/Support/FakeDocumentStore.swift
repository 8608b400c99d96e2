package import GatewayCore
import Synchronization

package typealias FakeSigningKeyStore = FakeDocumentStore<KeyRing>
package typealias StoredKeyRing = Stored<KeyRing>
package typealias KeyRingVersion = DocumentVersion
package typealias KeyStoreError = StoreError

extension Stored where Value == KeyRing {
    package init(ring: KeyRing, version: DocumentVersion) { self.init(ring, version: version) }

    package var ring: KeyRing { value }
}

/// A store in memory, as strict about versions as a real one, that fails when a test wants it to.
package final class FakeDocumentStore<Value: StateDocument>: DocumentStore {
    private struct State {
        var documents: [String: Stored<Value>] = [:]
        var lastVersion = 0
        var failure: StoreError?
        var saves = 0
        var beforeSave: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    package subscript(name: String) -> Stored<Value>? { state.withLock { $0.documents[name] } }

    /// The number of successful writes.
    package var saves: Int { state.withLock { $0.saves } }

    /// The failure of every call; nil for none.
    package func fail(_ failure: StoreError?) { state.withLock { $0.failure = failure } }

    /// Runs the work of another process before the next write.
    package func beforeNextSave(_ work: @escaping @Sendable () -> Void) { state.withLock { $0.beforeSave = work } }

    /// Writes without a condition; nil removes the document.
    package func put(_ value: Value?, for name: String) {
        state.withLock { state in
            state.lastVersion += 1
            let version = DocumentVersion(rawValue: "\(state.lastVersion)")
            state.documents[name] = value.map { Stored($0, version: version) }
        }
    }

    package func load(_ name: String) async throws(StoreError) -> Stored<Value>? {
        try check()
        return self[name]
    }

    package func save(_ value: Value, replacing expected: DocumentVersion?) async throws(StoreError) -> DocumentVersion
    {
        try check()
        let intruder = state.withLock { state in
            defer { state.beforeSave = nil }
            return state.beforeSave
        }
        intruder?()
        let written = state.withLock { state -> DocumentVersion? in
            guard state.documents[value.name]?.version == expected else { return nil }
            state.lastVersion += 1
            state.saves += 1
            let version = DocumentVersion(rawValue: "\(state.lastVersion)")
            state.documents[value.name] = Stored(value, version: version)
            return version
        }
        guard let written else { throw .conflict }
        return written
    }

    package func delete(_ name: String, version: DocumentVersion) async throws(StoreError) {
        try check()
        let isDeleted = state.withLock { state in
            guard state.documents[name]?.version == version else { return false }
            state.documents[name] = nil
            return true
        }
        guard isDeleted else { throw .conflict }
    }

    package func names() async throws(StoreError) -> [String] {
        try check()
        return state.withLock { $0.documents.keys.sorted() }
    }

    /// Reports nothing.
    package func watch(_ report: @Sendable (DocumentNews<Value>) async -> Void) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        for await _ in stream {}
        continuation.finish()
    }

    private func check() throws(StoreError) {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }
}
