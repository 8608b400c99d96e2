import FoundationEssentials
import GatewayCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A directory that only this user reads (0700), with files that only this user reads (0600), written whole or not at all.
struct PrivateDirectory: Sendable {
    let path: String

    /// Makes the directory where it is missing.
    ///
    /// - Throws: `unavailable`, with the path.
    init(path: String) throws(KeyStoreError) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .unavailable(
                "\(path) is no directory and cannot be made one; name a place where the gateway may write")
        }
    }

    /// The file's bytes; nil where there is none.
    func read(_ name: String) throws(KeyStoreError) -> Data? {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Self.failure("read", file)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .unavailable("\(file) is no file")
        }
        guard status.st_size <= Self.maximumFileSize else {
            throw .malformed("\(file) is larger than a key ring can be")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { systemRead(descriptor, into: $0, from: filled) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure("read", file) }
            if count == 0 { break }
            filled += count
        }
        return Data(bytes.prefix(filled))
    }

    /// Writes beside the file, syncs, renames over it and syncs the directory.
    func write(_ bytes: Data, to name: String) throws(KeyStoreError) {
        let file = "\(path)/\(name)"
        let temporary = "\(file).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("write", temporary) }
        let written = bytes.withUnsafeBytes { Self.writeAll($0, to: descriptor) } && fsync(descriptor) == 0
        close(descriptor)
        guard written, rename(temporary, file) == 0 else {
            let failure = Self.failure("write", file)
            unlink(temporary)
            throw failure
        }
        sync()
    }

    func remove(_ name: String) throws(KeyStoreError) {
        guard unlink("\(path)/\(name)") == 0 else { throw Self.failure("remove", "\(path)/\(name)") }
        sync()
    }

    /// The names of its files, in no order.
    func names() throws(KeyStoreError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw .unavailable("cannot read the directory \(path); let the gateway's user read it")
        }
    }

    /// Makes a rename or a removal outlast a crash.
    private func sync() {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    /// Runs `body` while no other process holds the same lock. It waits for the other one.
    func locked<Result>(_ name: String, _ body: () throws(KeyStoreError) -> Result) throws(KeyStoreError) -> Result {
        let file = "\(path)/\(name).lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("write", file) }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw Self.failure("lock", file) }
        }
        return try body()
    }

    private static let maximumFileSize = 4 << 20

    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = systemWrite(descriptor, rest)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func failure(_ what: String, _ file: String) -> KeyStoreError {
        .unavailable("cannot \(what) \(file): \(String(cString: strerror(errno)))")
    }
}

private func systemRead(_ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer, from offset: Int) -> Int {
    read(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
}

private func systemWrite(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
    write(descriptor, UnsafeRawBufferPointer(rebasing: bytes).baseAddress, bytes.count)
}
