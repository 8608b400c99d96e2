import FoundationEssentials
import JSON
import Synchronization

/// The stored objects behind one lock, with the watches, which receive the changes in order.
final class ObjectStore: Sendable {
    /// An open watch.
    struct Watch: Sendable {
        let frames: AsyncStream<WatchFrame>
        let end: @Sendable (_ withBookmark: Bool) -> Void
    }

    private struct Watcher {
        let scope: WatchScope
        let wantsBookmarks: Bool
        let frames: AsyncStream<WatchFrame>.Continuation
    }

    private struct State {
        var stored = StoredObjects()
        var watchers: [Int: Watcher] = [:]
        var watcherCount = 0
        /// Tasks that wait for a number of watches.
        var waiters: [(count: Int, continuation: AsyncStream<Never>.Continuation)] = []
        /// Whether a watch ends immediately.
        var isStopped = false
        /// The last change that the watchers have received.
        var toldRevision = 0
    }

    private let state = Mutex(State())

    var revision: Int { state.withLock { $0.stored.revision } }
    var openWatches: Int { state.withLock { $0.watchers.count } }

    func read<Value: Sendable>(_ body: (StoredObjects) -> Value) -> Value { state.withLock { body($0.stored) } }

    func object(_ key: ObjectKey) throws(APIStatus) -> JSONValue {
        guard let object = state.withLock({ $0.stored.objects[key] }) else { throw .notFound(key.resource, key.name) }
        return object
    }

    /// The result of a change that is not stored.
    func preview<Value: Sendable>(
        _ body: (inout StoredObjects) throws(APIStatus) -> Value
    ) throws(APIStatus) -> Value {
        var copy = state.withLock { $0.stored }
        return try body(&copy)
    }

    /// Performs a change and notifies the watches.
    @discardableResult
    func change<Value: Sendable>(_ body: (inout StoredObjects) throws(APIStatus) -> Value) throws(APIStatus) -> Value {
        let result = state.withLock { state -> Result<Value, APIStatus> in
            let result = Result { () throws(APIStatus) in try body(&state.stored) }
            for change in state.stored.history where change.revision > state.toldRevision {
                for watcher in state.watchers.values {
                    if let frame = change.seen(by: watcher.scope) { watcher.frames.yield(frame) }
                }
            }
            state.toldRevision = state.stored.revision
            return result
        }
        return try result.get()
    }

    /// Opens a watch; no change between its first frames and later ones is lost.
    ///
    /// - Parameters:
    ///   - revision: nil or 0 for present objects as ADDED first.
    ///   - sendsInitialEvents: present objects first, then a bookmark ("Streaming lists").
    func watch(
        _ scope: WatchScope, from revision: Int?, bookmarks: Bool, sendsInitialEvents: Bool
    ) -> Watch {
        let (frames, continuation) = AsyncStream.makeStream(of: WatchFrame.self)
        let number = state.withLock { state -> Int? in
            guard !state.isStopped else {
                continuation.finish()
                return nil
            }
            let stored = state.stored
            if let revision, revision > 0, !sendsInitialEvents {
                guard revision >= stored.compactedRevision else {
                    // As the watch cache does: the reply is 200 with the error as the only event.
                    continuation.yield(.error(.expired(revision, oldest: stored.compactedRevision)))
                    continuation.finish()
                    return nil
                }
                for change in stored.history where change.revision > revision {
                    if let frame = change.seen(by: scope) { continuation.yield(frame) }
                }
            } else {
                for (_, object) in stored.matching(scope) { continuation.yield(.object(.added, object)) }
                if sendsInitialEvents {
                    continuation.yield(.bookmark(revision: stored.revision, endsInitialEvents: true))
                }
            }
            state.watcherCount += 1
            state.watchers[state.watcherCount] = Watcher(scope: scope, wantsBookmarks: bookmarks, frames: continuation)
            Self.tellWaiters(&state)
            return state.watcherCount
        }
        return Watch(frames: frames) { [self] withBookmark in
            state.withLock { state in
                if withBookmark {
                    continuation.yield(.bookmark(revision: state.stored.revision, endsInitialEvents: false))
                }
                if let number { state.watchers.removeValue(forKey: number) }
                Self.tellWaiters(&state)
            }
            continuation.finish()
        }
    }

    /// Sends a bookmark to each watch that requested them.
    func sendBookmarks() {
        state.withLock { state in
            for watcher in state.watchers.values where watcher.wantsBookmarks {
                watcher.frames.yield(.bookmark(revision: state.stored.revision, endsInitialEvents: false))
            }
        }
    }

    /// Ends all watches, as a restarted or overloaded API server does.
    func endWatches(_ last: APIStatus? = nil) {
        state.withLock { state in
            for watcher in state.watchers.values {
                if let last { watcher.frames.yield(.error(last)) }
                watcher.frames.finish()
            }
            state.watchers = [:]
            Self.tellWaiters(&state)
        }
    }

    /// Ends all watches, and later ones.
    func stop() {
        state.withLock { $0.isStopped = true }
        endWatches()
    }

    /// Returns when this many watches are open, or when cancelled.
    func waitForWatches(_ count: Int) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        state.withLock { state in
            state.waiters.append((count, continuation))
            Self.tellWaiters(&state)
        }
        for await _ in stream {}
    }

    private static func tellWaiters(_ state: inout State) {
        let count = state.watchers.count
        for waiter in state.waiters where waiter.count == count { waiter.continuation.finish() }
        state.waiters.removeAll { $0.count == count }
    }
}
