import FoundationEssentials
import GatewayPluginAPI
import LocalFiles

/// Files that publishers read and write, on this machine.
struct LocalPublisherFiles: PublisherFiles {
    /// Bytes.
    static let maximumSize = 1 << 20

    private static let permissions: UInt32 = 0o644

    /// Seconds that it is worth to wait for a lock.
    var lockPatience = FileLock.patience
    /// Makes a path of the configuration one that can be opened.
    let resolve: @Sendable (String) -> String

    func read(_ path: String) throws(PublishError) -> [UInt8]? {
        try told { () throws(LocalFile.Failure) in try LocalFile.read(resolve(path), atMost: Self.maximumSize) }
    }

    func write(_ content: [UInt8], to path: String) throws(PublishError) {
        let file = resolve(path)
        try makeFolder(of: file)
        try told { () throws(LocalFile.Failure) in
            try LocalFile.write(content, to: file, permissions: Self.permissions)
        }
    }

    func locked<Value>(
        _ path: String, _ work: () throws(PublishError) -> Value
    ) async throws(PublishError) -> Value {
        let file = resolve(path)
        try makeFolder(of: file)
        let lock: FileLock
        do {
            lock = try await FileLock.waiting(file, permissions: Self.permissions, patience: lockPatience)
        } catch {
            throw PublishError(.unavailable, "\(error)")
        }
        defer { withExtendedLifetime(lock) {} }
        return try work()
    }

    private func makeFolder(of file: String) throws(PublishError) {
        let folder = LocalFile.folder(of: file)
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        } catch {
            throw PublishError(.misconfigured, "the folder \(folder) cannot be made; name one that may be written")
        }
    }

    private func told<Value>(_ body: () throws(LocalFile.Failure) -> Value) throws(PublishError) -> Value {
        do {
            return try body()
        } catch {
            throw PublishError(.misconfigured, "\(error)")
        }
    }
}
