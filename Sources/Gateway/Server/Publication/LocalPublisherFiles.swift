import FoundationEssentials
import GatewayPluginAPI
import LocalFiles

/// The local files that publishers read and write.
struct LocalPublisherFiles: PublisherFiles {
    /// Bytes.
    static let maximumSize = 1 << 20

    private static let permissions: UInt32 = 0o644

    /// Seconds after which waiting for a lock fails.
    var lockTimeout = FileLock.patience
    /// Returns the absolute path for a path of the configuration.
    let resolve: @Sendable (String) -> String

    func read(_ path: String) throws(PublishError) -> [UInt8]? {
        try mapped { () throws(LocalFile.Failure) in try LocalFile.read(resolve(path), atMost: Self.maximumSize) }
    }

    func write(_ content: [UInt8], to path: String) throws(PublishError) {
        let file = resolve(path)
        try createFolder(of: file)
        try mapped { () throws(LocalFile.Failure) in
            try LocalFile.write(content, to: file, permissions: Self.permissions)
        }
    }

    func locked<Value>(
        _ path: String, _ work: () throws(PublishError) -> Value
    ) async throws(PublishError) -> Value {
        let file = resolve(path)
        try createFolder(of: file)
        let lock: FileLock
        do {
            lock = try await FileLock.waiting(file, permissions: Self.permissions, patience: lockTimeout)
        } catch {
            throw PublishError(.unavailable, "\(error)")
        }
        defer { withExtendedLifetime(lock) {} }
        return try work()
    }

    private func createFolder(of file: String) throws(PublishError) {
        let folder = LocalFile.folder(of: file)
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        } catch {
            throw PublishError(
                .misconfigured, "cannot create the folder \(folder); use a path where the gateway can write")
        }
    }

    private func mapped<Value>(_ body: () throws(LocalFile.Failure) -> Value) throws(PublishError) -> Value {
        do {
            return try body()
        } catch {
            throw PublishError(.misconfigured, "\(error)")
        }
    }
}
