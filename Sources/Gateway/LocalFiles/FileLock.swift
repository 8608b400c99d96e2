#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An exclusive lock (flock) on a file, held as long as this value lives; the kernel releases it at the process's death.
public final class FileLock: Sendable {
    private let path: String
    private let descriptor: Int32

    /// Takes the lock, waiting for whoever holds it.
    ///
    /// - Parameter permissions: of the file, where it is made.
    public convenience init(waitingFor path: String, permissions: UInt32) throws(LocalFile.Failure) {
        self.init(path: path, descriptor: try Self.open(path, permissions))
        guard Self.lock(descriptor, LOCK_EX) == 0 else { throw Self.failure("lock", path) }
    }

    /// - Returns: nil where another holds it.
    public convenience init?(trying path: String, permissions: UInt32) throws(LocalFile.Failure) {
        self.init(path: path, descriptor: try Self.open(path, permissions))
        guard Self.lock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            if errno == EWOULDBLOCK { return nil }
            throw Self.failure("lock", path)
        }
        guard isInPlace else { return nil }
    }

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Whether the locked file still is the one of that path.
    public var isInPlace: Bool {
        var held = stat()
        var named = stat()
        return fstat(descriptor, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino
            && held.st_dev == named.st_dev
    }

    private static func open(_ path: String, _ permissions: UInt32) throws(LocalFile.Failure) -> Int32 {
        let descriptor = systemOpen(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode_t(permissions))
        guard descriptor >= 0 else { throw failure("write", path) }
        return descriptor
    }

    private static func lock(_ descriptor: Int32, _ operation: Int32) -> Int32 {
        while true {
            let result = flock(descriptor, operation)
            if result == 0 || errno != EINTR { return result }
        }
    }

    private static func failure(_ operation: String, _ path: String) -> LocalFile.Failure {
        LocalFile.Failure(operation: operation, path: path, reason: .system(errno))
    }
}

private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
