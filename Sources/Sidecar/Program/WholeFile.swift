import Glibc

/// Writes files that a reader sees whole at any time: a temporary file beside it, then a rename (POSIX rename is atomic).
enum WholeFile {
    private static let suffix = ".sts-sidecar"

    /// - Parameter mode: the file's, whatever the umask.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(SidecarError) {
        let temporary = path + suffix
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("\"\(temporary)\" cannot be made") }
        do {
            try fill(descriptor, bytes, mode: mode, named: temporary)
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        guard close(descriptor) == 0, rename(temporary, path) == 0 else {
            let failure = SidecarError.system("\"\(path)\" cannot be replaced")
            unlink(temporary)
            throw failure
        }
    }

    /// Removes what an earlier process left behind when it was killed in the middle of a write.
    static func removeRemains(of path: String) { unlink(path + suffix) }

    private static func fill(
        _ descriptor: Int32, _ bytes: [UInt8], mode: mode_t, named name: String
    ) throws(SidecarError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("\"\(name)\" cannot be written") }
            written += count
        }
        guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else {
            throw .system("\"\(name)\" cannot be written")
        }
    }
}
