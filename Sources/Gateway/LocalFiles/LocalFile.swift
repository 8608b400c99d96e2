#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Reads files within a limit, and writes them atomically.
package enum LocalFile {
    /// A failed operation on a file.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        package enum Reason: Sendable, Equatable {
            /// An `errno`.
            case system(Int32)
            case notAFile
            /// The limit in bytes.
            case longerThan(Int)
            /// Another process has held the lock for that many seconds.
            case busy(Int)
        }

        /// Such as `read` or `write`.
        package let operation: String
        package let path: String
        package let reason: Reason

        package init(operation: String, path: String, reason: Reason) {
            self.operation = operation
            self.path = path
            self.reason = reason
        }

        package var description: String {
            switch reason {
            case .system(let code): "cannot \(operation) \(path): \(String(cString: strerror(code)))"
            case .notAFile: "\(path) is not a regular file"
            case .longerThan(let limit): "\(path) is longer than \(limit) bytes"
            case .busy(let seconds):
                "another process holds the lock \(path) for \(seconds) s; check whether it is stopped"
            }
        }

        fileprivate static func current(_ operation: String, _ path: String) -> Failure {
            Failure(operation: operation, path: path, reason: .system(errno))
        }
    }

    /// Reads the whole file; nil where it does not exist.
    ///
    /// - Parameter limit: the maximum size in bytes.
    package static func read(_ path: String, atMost limit: Int) throws(Failure) -> [UInt8]? {
        // Opening a FIFO without a writer would block.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .current("read", path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(operation: "read", path: path, reason: .notAFile)
        }
        let tooLong = Failure(operation: "read", path: path, reason: .longerThan(limit))
        guard status.st_size <= limit else { throw tooLong }
        // More than its size, to detect the end, and growth beyond the limit.
        var bytes = [UInt8](repeating: 0, count: min(limit, Int(status.st_size) + 4096) + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { systemRead(descriptor, $0, from: filled) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .current("read", path) }
            if count == 0 { return Array(bytes.prefix(filled)) }
            filled += count
        }
        throw tooLong
    }

    /// The permissions of a regular file, such as 0o644; nil where there is none, or where the path is a symbolic link.
    package static func permissions(_ path: String) -> UInt32? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt32(status.st_mode & 0o777)
    }

    /// Writes a temporary file, syncs it, renames it and syncs the folder: readers get the old or the new file.
    ///
    /// - Parameter permissions: the permissions of the file, independent of the umask.
    package static func write(_ bytes: [UInt8], to path: String, permissions: UInt32) throws(Failure) {
        let temporary = "\(path).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(permissions))
        guard descriptor >= 0 else { throw .current("write", path) }
        let isWritten =
            bytes.withUnsafeBytes { writeAll($0, to: descriptor) } && fchmod(descriptor, mode_t(permissions)) == 0
            && fsync(descriptor) == 0
        // The first failure is reported.
        let failure = Failure.current("write", path)
        close(descriptor)
        guard isWritten else {
            unlink(temporary)
            throw failure
        }
        guard rename(temporary, path) == 0 else {
            let failure = Failure.current("write", path)
            unlink(temporary)
            throw failure
        }
        syncFolder(of: path)
    }

    package static func remove(_ path: String) throws(Failure) {
        guard unlink(path) == 0 else { throw .current("remove", path) }
        syncFolder(of: path)
    }

    /// The folder of a path.
    package static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Syncs the folder, so that a rename or a removal survives a crash.
    private static func syncFolder(of path: String) {
        let descriptor = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

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
}

private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer, from offset: Int) -> Int {
    read(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
}

private func systemWrite(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
    write(descriptor, UnsafeRawBufferPointer(rebasing: bytes).baseAddress, bytes.count)
}
