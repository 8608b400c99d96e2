import FoundationEssentials
import GatewayPluginAPI

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Files that publishers read and write, on this machine.
struct LocalPublisherFiles: PublisherFiles {
    /// Bytes.
    static let maximumSize = 1 << 20

    /// Makes a path of the configuration one that can be opened.
    let resolve: @Sendable (String) -> String

    func read(_ path: String) throws(PublishError) -> [UInt8]? {
        let file = resolve(path)
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw Self.failure("read", path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw PublishError(.misconfigured, "\(path) is no file")
        }
        var bytes = [UInt8](repeating: 0, count: Self.maximumSize + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { systemRead(descriptor, $0, from: filled) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure("read", path) }
            if count == 0 { return Array(bytes.prefix(filled)) }
            filled += count
        }
        throw PublishError(.misconfigured, "\(path) is longer than \(Self.maximumSize) bytes")
    }

    func write(_ content: [UInt8], to path: String) throws(PublishError) {
        let file = resolve(path)
        let folder = try makeFolder(of: file, named: path)
        let temporary = "\(file).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure("write", path) }
        let written =
            content.withUnsafeBytes { writeAll($0, to: descriptor) } && fchmod(descriptor, 0o644) == 0
            && fsync(descriptor) == 0
        close(descriptor)
        guard written, rename(temporary, file) == 0 else {
            let failure = Self.failure("write", path)
            unlink(temporary)
            throw failure
        }
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    func locked<Value>(_ path: String, _ work: () throws(PublishError) -> Value) throws(PublishError) -> Value {
        let file = resolve(path)
        _ = try makeFolder(of: file, named: path)
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure("write", path) }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw Self.failure("lock", path) }
        }
        return try work()
    }

    private func makeFolder(of file: String, named path: String) throws(PublishError) -> String {
        let folder = file.lastIndex(of: "/").map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "."
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        } catch {
            throw PublishError(.misconfigured, "the folder of \(path) cannot be made; name one that may be written")
        }
        return folder
    }

    private static func failure(_ what: String, _ path: String) -> PublishError {
        PublishError(.misconfigured, "cannot \(what) \(path): \(String(cString: strerror(errno)))")
    }
}

private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer, from offset: Int) -> Int {
    read(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
}

private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
    }
    return true
}
