public import GatewayPluginAPI
import Synchronization

/// Files that exist in memory only. It records which files were read.
public final class FilesInMemory: PublisherFiles {
    private struct State {
        var files: [String: [UInt8]]
        var reads: [String] = []
        var failingPath: String?
    }

    private let state: Mutex<State>

    /// Creates files from their texts, by path.
    public init(_ files: [String: String] = [:]) { state = Mutex(State(files: files.mapValues { Array($0.utf8) })) }

    /// The paths of all files, sorted.
    public var paths: [String] { state.withLock { $0.files.keys.sorted() } }

    /// The paths that were read so far, in order, whether the file existed or not.
    public var reads: [String] { state.withLock { $0.reads } }

    /// The content of a file; nil where it does not exist. This access is not recorded.
    public subscript(path: String) -> [UInt8]? {
        get { state.withLock { $0.files[path] } }
        set { state.withLock { $0.files[path] = newValue } }
    }

    /// Makes the next write of that path fail with ``GatewayPluginAPI/PublishError/Kind/misconfigured``.
    public func failNextWrite(of path: String) { state.withLock { $0.failingPath = path } }

    /// Returns the content of a file; nil where it does not exist.
    public func read(_ path: String) throws(PublishError) -> [UInt8]? {
        state.withLock { state in
            state.reads.append(path)
            return state.files[path]
        }
    }

    /// Replaces a file.
    public func write(_ content: [UInt8], to path: String) throws(PublishError) {
        let fails = state.withLock { state in
            guard state.failingPath == path else {
                state.files[path] = content
                return false
            }
            state.failingPath = nil
            return true
        }
        if fails { throw PublishError(.misconfigured, "cannot write \(path): No space left on device") }
    }

    /// Runs the work without a lock.
    public func locked<Value>(
        _ path: String, _ work: () throws(PublishError) -> Value
    ) async throws(PublishError) -> Value {
        try work()
    }
}
