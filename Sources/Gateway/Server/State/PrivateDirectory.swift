import FoundationEssentials
import GatewayCore
import LocalFiles
import Logging

/// A directory (0700) whose files (0600) only this user can read. Files are written atomically.
struct PrivateDirectory: Sendable {
    let path: String

    private static let maximumFileSize = 4 << 20
    private static let permissions: UInt32 = 0o600

    /// Creates the directory where it is missing, and checks who can write to it.
    ///
    /// - Parameter user: the effective user ID of this process.
    /// - Throws: `unavailable`, with the path.
    init(path: String, user: UInt32 = DirectoryAccess.processUser, logger: Logger) throws(StoreError) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .unavailable(
                "\(path) is not a directory and cannot be created; use a path where the gateway can write")
        }
        try checkAccess(of: user, logger)
    }

    /// Who can write to a directory can replace the keys in it: with the sticky bit also, where a file is missing.
    private func checkAccess(of user: UInt32, _ logger: Logger) throws(StoreError) {
        let access = try mapped { () throws(LocalFile.Failure) in try DirectoryAccess(of: path) }
        let mode = String(access.mode, radix: 8)
        if access.isWritableByOthers {
            guard access.owner == user else {
                throw .unavailable(
                    "every user can write to the directory \(path) (mode \(mode), owner \(access.owner)); run: "
                        + "chown \(user) \(Self.quoted(path)) && chmod 0700 \(Self.quoted(path)), or use a subdirectory, "
                        + "which the gateway creates with mode 0700")
            }
            try mapped { () throws(LocalFile.Failure) in try DirectoryAccess.set(0o700, of: path) }
            logger.warning(
                "key directory permissions changed",
                metadata: ["code": "\(ErrorCode.storeUnavailable)", "path": "\(path)", "from": "\(mode)", "to": "700"])
        } else if access.isWritableByGroup {
            logger.warning(
                "key directory is group-writable",
                metadata: [
                    "code": "\(ErrorCode.configurationWarning)", "path": "\(path)", "mode": "\(mode)",
                    "advice": "every process of the group can replace keys; run: chmod g-w \(Self.quoted(path))",
                ])
        }
    }

    /// As an argument of a shell.
    private static func quoted(_ path: String) -> String {
        "'" + path.replacing("'", with: "'\\''") + "'"
    }

    /// The file's bytes; nil where there is none.
    func read(_ name: String) throws(StoreError) -> Data? {
        try mapped { () throws(LocalFile.Failure) in
            try LocalFile.read("\(path)/\(name)", atMost: Self.maximumFileSize).map { Data($0) }
        }
    }

    func write(_ bytes: Data, to name: String) throws(StoreError) {
        try mapped { () throws(LocalFile.Failure) in
            try LocalFile.write(Array(bytes), to: "\(path)/\(name)", permissions: Self.permissions)
        }
    }

    func remove(_ name: String) throws(StoreError) {
        try mapped { () throws(LocalFile.Failure) in try LocalFile.remove("\(path)/\(name)") }
    }

    /// The signature of a file, which changes with each write; nil where there is no file.
    func signature(_ name: String) -> FileSignature? { FileSignature(of: "\(path)/\(name)") }

    /// The names of the files, in no particular order.
    func names() throws(StoreError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw .unavailable("cannot read the directory \(path); grant the gateway's user read access")
        }
    }

    /// Runs `body` while no other process holds the same lock. Waits for the lock until a timeout.
    func locked<Result>(
        _ name: String, _ body: () throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        let lock: FileLock
        do {
            lock = try await FileLock.waiting("\(path)/\(name).lock", permissions: Self.permissions)
        } catch {
            throw Self.mapped(error)
        }
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    /// Like ``locked(_:_:)``, but blocks the thread: for the start of the process only.
    func lockedAtStart<Result>(
        _ name: String, _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let lock = try mapped { () throws(LocalFile.Failure) in
            try FileLock.blocking("\(path)/\(name).lock", permissions: Self.permissions)
        }
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    private func mapped<Result>(_ body: () throws(LocalFile.Failure) -> Result) throws(StoreError) -> Result {
        do {
            return try body()
        } catch {
            throw Self.mapped(error)
        }
    }

    private static func mapped(_ failure: LocalFile.Failure) -> StoreError {
        switch failure.reason {
        case .longerThan: .malformed("\(failure.path): larger than \(Self.maximumFileSize) bytes")
        case .system, .notAFile, .busy: .unavailable(failure.description)
        }
    }
}
