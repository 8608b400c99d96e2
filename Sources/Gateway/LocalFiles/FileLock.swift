#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An exclusive lock (flock) on a file, held as long as this value lives; the kernel releases it at the process's death.
public final class FileLock: Sendable {
    private let path: String
    private let descriptor: Int32

    /// Seconds that it is worth to wait for another process.
    public static let patience = 5
    /// Seconds between two tries.
    public static let pause = 0.02

    /// Takes the lock, and blocks the thread while another holds it: for the start of a process only.
    ///
    /// - Throws: `busy` where it is not to be had in time.
    public static func blocking(_ path: String, permissions: UInt32) throws(LocalFile.Failure) -> FileLock {
        for _ in 0..<Int(Double(patience) / pause) {
            if let lock = try FileLock(trying: path, permissions: permissions) { return lock }
            usleep(UInt32(pause * 1_000_000))
        }
        throw LocalFile.Failure(operation: "lock", path: path, reason: .busy(patience))
    }

    /// Takes the lock; tasks go on meanwhile.
    ///
    /// - Throws: `busy` where it is not to be had in time.
    public static func waiting(_ path: String, permissions: UInt32) async throws(LocalFile.Failure) -> FileLock {
        for _ in 0..<Int(Double(patience) / pause) {
            if let lock = try FileLock(trying: path, permissions: permissions) { return lock }
            // Cancelled or not, the time is bounded.
            try? await Task.sleep(for: .seconds(pause))
        }
        throw LocalFile.Failure(operation: "lock", path: path, reason: .busy(patience))
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
