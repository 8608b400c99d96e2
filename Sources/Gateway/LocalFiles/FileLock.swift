#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An exclusive lock (flock) on a file, held for the lifetime of this value; the kernel releases it when the process
/// ends.
package final class FileLock: Sendable {
    private let path: String
    private let descriptor: Int32

    /// The default time to wait for another process, in seconds.
    package static let patience = 5
    /// Seconds between two attempts.
    package static let pause = 0.02

    /// Takes the lock. Blocks the thread while another process holds it: for the start of a process only.
    ///
    /// - Throws: `busy` where another process holds the lock for too long.
    package static func blocking(_ path: String, permissions: UInt32) throws(LocalFile.Failure) -> FileLock {
        var lock = try FileLock(opening: path, permissions)
        for _ in 0..<Int(Double(patience) / pause) {
            if try lock.take() { return lock }
            if !lock.isInPlace { lock = try FileLock(opening: path, permissions) }
            usleep(UInt32(pause * 1_000_000))
        }
        throw LocalFile.Failure(operation: "lock", path: path, reason: .busy(patience))
    }

    /// Takes the lock without blocking the thread.
    ///
    /// - Parameter patience: seconds.
    /// - Throws: `busy` where another process holds the lock for too long.
    package static func waiting(
        _ path: String, permissions: UInt32, patience: Int = FileLock.patience
    ) async throws(LocalFile.Failure) -> FileLock {
        var lock = try FileLock(opening: path, permissions)
        for _ in 0..<Int(Double(patience) / pause) {
            if try lock.take() { return lock }
            if !lock.isInPlace { lock = try FileLock(opening: path, permissions) }
            // The time is limited, cancelled or not.
            try? await Task.sleep(for: .seconds(pause))
        }
        throw LocalFile.Failure(operation: "lock", path: path, reason: .busy(patience))
    }

    /// - Returns: nil where another process holds the lock.
    package convenience init?(trying path: String, permissions: UInt32) throws(LocalFile.Failure) {
        try self.init(opening: path, permissions)
        guard try take() else { return nil }
    }

    /// Opens the file, and creates it where it is missing, without a lock.
    private init(opening path: String, _ permissions: UInt32) throws(LocalFile.Failure) {
        let descriptor = systemOpen(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode_t(permissions))
        guard descriptor >= 0 else { throw Self.failure("write", path) }
        self.path = path
        self.descriptor = descriptor
    }

    /// - Returns: false where another process holds the lock, or the path has another file.
    private func take() throws(LocalFile.Failure) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            if errno == EWOULDBLOCK { return false }
            throw Self.failure("lock", path)
        }
        return isInPlace
    }

    deinit { close(descriptor) }

    /// Whether the path still has the locked file.
    package var isInPlace: Bool {
        var held = stat()
        var named = stat()
        return fstat(descriptor, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino
            && held.st_dev == named.st_dev
    }

    private static func failure(_ operation: String, _ path: String) -> LocalFile.Failure {
        LocalFile.Failure(operation: operation, path: path, reason: .system(errno))
    }
}

private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
