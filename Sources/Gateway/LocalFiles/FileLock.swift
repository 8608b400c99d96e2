#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An exclusive lock (flock) on a file, held as long as this value lives; the kernel releases it at the process's death.
package final class FileLock: Sendable {
    private let path: String
    private let descriptor: Int32

    /// Seconds that it is worth to wait for another process.
    package static let patience = 5
    /// Seconds between two tries.
    package static let pause = 0.02

    /// Takes the lock, and blocks the thread while another holds it: for the start of a process only.
    ///
    /// - Throws: `busy` where it is not to be had in time.
    package static func blocking(_ path: String, permissions: UInt32) throws(LocalFile.Failure) -> FileLock {
        var lock = try FileLock(opening: path, permissions)
        for _ in 0..<Int(Double(patience) / pause) {
            if try lock.take() { return lock }
            if !lock.isInPlace { lock = try FileLock(opening: path, permissions) }
            usleep(UInt32(pause * 1_000_000))
        }
        throw LocalFile.Failure(operation: "lock", path: path, reason: .busy(patience))
    }

    /// Takes the lock; tasks go on meanwhile.
    ///
    /// - Parameter patience: seconds.
    /// - Throws: `busy` where it is not to be had in time.
    package static func waiting(
        _ path: String, permissions: UInt32, patience: Int = FileLock.patience
    ) async throws(LocalFile.Failure) -> FileLock {
        var lock = try FileLock(opening: path, permissions)
        for _ in 0..<Int(Double(patience) / pause) {
            if try lock.take() { return lock }
            if !lock.isInPlace { lock = try FileLock(opening: path, permissions) }
            // Cancelled or not, the time is bounded.
            try? await Task.sleep(for: .seconds(pause))
        }
        throw LocalFile.Failure(operation: "lock", path: path, reason: .busy(patience))
    }

    /// - Returns: nil where another holds it.
    package convenience init?(trying path: String, permissions: UInt32) throws(LocalFile.Failure) {
        try self.init(opening: path, permissions)
        guard try take() else { return nil }
    }

    /// Opens the file, and makes it where it is missing; nothing is locked yet.
    private init(opening path: String, _ permissions: UInt32) throws(LocalFile.Failure) {
        let descriptor = systemOpen(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode_t(permissions))
        guard descriptor >= 0 else { throw Self.failure("write", path) }
        self.path = path
        self.descriptor = descriptor
    }

    /// - Returns: false where another holds it, or the file is not the one of its path any more.
    private func take() throws(LocalFile.Failure) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            if errno == EWOULDBLOCK { return false }
            throw Self.failure("lock", path)
        }
        return isInPlace
    }

    deinit { close(descriptor) }

    /// Whether the locked file still is the one of that path.
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
