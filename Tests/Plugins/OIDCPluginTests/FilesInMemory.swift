import GatewayPluginAPI
import Synchronization

/// Files that exist only in a test.
final class FilesInMemory: PublisherFiles {
    private let files = Mutex<[String: [UInt8]]>([:])
    private let failing = Mutex<String?>(nil)

    /// The next write of that path fails.
    func failNextWrite(of path: String) { failing.withLock { $0 = path } }

    var paths: [String] { files.withLock { $0.keys.sorted() } }

    subscript(path: String) -> [UInt8]? {
        get { files.withLock { $0[path] } }
        set { files.withLock { $0[path] = newValue } }
    }

    func read(_ path: String) throws(PublishError) -> [UInt8]? { self[path] }

    func write(_ content: [UInt8], to path: String) throws(PublishError) {
        let fails = failing.withLock { failing in
            defer { if failing == path { failing = nil } }
            return failing == path
        }
        if fails { throw PublishError(.misconfigured, "cannot write \(path): No space left on device") }
        self[path] = content
    }

    func locked<Value>(
        _ path: String, _ work: () throws(PublishError) -> Value
    ) async throws(PublishError) -> Value {
        try work()
    }
}
