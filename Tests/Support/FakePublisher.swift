package import GatewayPluginAPI
import Synchronization

/// A store in memory with conditional writes, which fails on request.
package final class FakePublisher: DiscoveryPublisher {
    /// A call that was made.
    package enum Call: Sendable, Equatable {
        case stored(IssuerDocumentKind)
        case put(IssuerDocumentKind)
    }

    package struct Object: Sendable, Equatable {
        package var content: [UInt8]
        package var stamp: DocumentStamp?
        package var version: Int

        package init(content: [UInt8], stamp: DocumentStamp?, version: Int) {
            self.content = content
            self.stamp = stamp
            self.version = version
        }
    }

    private struct State {
        var objects: [IssuerDocumentKind: Object] = [:]
        var lastVersion = 0
        var calls: [Call] = []
        var failures: [PublishError] = []
        var beforePut: (@Sendable () -> Void)?
    }

    package let location: String
    package let edge: FakeEdge?
    private let state = Mutex(State())

    package init(location: String = "here", edge: FakeEdge? = nil) {
        self.location = location
        self.edge = edge
    }

    package var edgeCache: (any EdgeCacheInvalidating)? { edge }

    package var calls: [Call] { state.withLock { $0.calls } }

    package subscript(_ document: IssuerDocumentKind) -> Object? {
        get { state.withLock { $0.objects[document] } }
        set {
            state.withLock { state in
                state.lastVersion += 1
                state.objects[document] = newValue
                state.objects[document]?.version = state.lastVersion
            }
        }
    }

    /// The next calls throw these errors, one after another.
    package func fail(_ errors: PublishError...) { state.withLock { $0.failures += errors } }

    /// Runs the work of another writer before the next write.
    package func beforeNextPut(_ work: @escaping @Sendable () -> Void) { state.withLock { $0.beforePut = work } }

    package func stored(_ document: IssuerDocumentKind) async throws(PublishError) -> StoredDocument? {
        try take(.stored(document))
        return self[document].map { object in
            let stamp = object.stamp.map {
                DocumentStamp(
                    owner: $0.owner, revision: $0.revision, digest: DocumentStamp.digest(of: object.content))
            }
            return StoredDocument(version: "v\(object.version)", stamp: stamp, length: object.content.count)
        }
    }

    package func content(of document: IssuerDocumentKind) async throws(PublishError) -> [UInt8]? {
        self[document]?.content
    }

    package func put(
        _ document: IssuerDocumentKind, _ content: [UInt8], stamp: DocumentStamp, if condition: PutCondition
    ) async throws(PublishError) -> String {
        try take(.put(document))
        let intruder = state.withLock { state in
            defer { state.beforePut = nil }
            return state.beforePut
        }
        intruder?()
        let written = state.withLock { state -> String? in
            let there = state.objects[document].map { "v\($0.version)" }
            switch condition {
            case .absent: if there != nil { return nil }
            case .version(let version): if there != version { return nil }
            }
            state.lastVersion += 1
            state.objects[document] = Object(content: content, stamp: stamp, version: state.lastVersion)
            return "v\(state.lastVersion)"
        }
        guard let written else { throw PublishError(.conflict, "another writer changed it") }
        return written
    }

    private func take(_ call: Call) throws(PublishError) {
        let failure = state.withLock { state in
            state.calls.append(call)
            return state.failures.isEmpty ? nil : state.failures.removeFirst()
        }
        if let failure { throw failure }
    }
}

/// A CDN: an invalidation is complete when a test completes it.
package final class FakeEdge: EdgeCacheInvalidating {
    package struct Invalidation: Sendable, Equatable {
        package let documents: [IssuerDocumentKind]
        package let reference: String
        package var isComplete = false
    }

    private let state = Mutex<(invalidations: [Invalidation], failures: [PublishError])>(([], []))

    package init() {}

    package var invalidations: [Invalidation] { state.withLock { $0.invalidations } }

    /// The next calls throw these errors, one after another.
    package func fail(_ errors: PublishError...) { state.withLock { $0.failures += errors } }

    package func complete() {
        state.withLock { state in
            for index in state.invalidations.indices { state.invalidations[index].isComplete = true }
        }
    }

    package func invalidate(
        _ documents: [IssuerDocumentKind], reference: String
    ) async throws(PublishError) -> String {
        try take()
        return state.withLock { state in
            if let index = state.invalidations.firstIndex(where: { $0.reference == reference }) { return "\(index)" }
            state.invalidations.append(Invalidation(documents: documents, reference: reference))
            return "\(state.invalidations.count - 1)"
        }
    }

    package func isComplete(_ invalidation: String) async throws(PublishError) -> Bool {
        try take()
        let known = state.withLock { state in
            Int(invalidation).flatMap { state.invalidations.indices.contains($0) ? state.invalidations[$0] : nil }
        }
        guard let known else { throw PublishError(.malformed, "no such invalidation") }
        return known.isComplete
    }

    private func take() throws(PublishError) {
        let failure = state.withLock { $0.failures.isEmpty ? nil : $0.failures.removeFirst() }
        if let failure { throw failure }
    }
}
