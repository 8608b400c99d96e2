import GatewayPluginAPI
import Synchronization

/// Files that exist only in a test, and keep who asked for which.
final class FilesToRead: PublisherFiles {
    private let state: Mutex<(files: [String: String], asked: [String])>

    init(_ files: [String: String] = [:]) { state = Mutex((files, [])) }

    var asked: [String] { state.withLock { $0.asked } }

    subscript(path: String) -> String? {
        get { state.withLock { $0.files[path] } }
        set { state.withLock { $0.files[path] = newValue } }
    }

    func read(_ path: String) throws(PublishError) -> [UInt8]? {
        state.withLock { state in
            state.asked.append(path)
            return state.files[path].map { Array($0.utf8) }
        }
    }

    func write(_ content: [UInt8], to path: String) throws(PublishError) {
        throw PublishError(.misconfigured, "nothing is written here")
    }

    func locked<Value>(
        _ path: String, _ work: () throws(PublishError) -> Value
    ) async throws(PublishError) -> Value {
        try work()
    }
}
