package import Glibc

/// Replaces files atomically: writes a temporary file in the same folder and renames it (rename(2)). A reader sees the
/// old or the new content.
package enum AtomicFile {
    private static let suffix = ".sts-sidecar"

    /// - Parameter mode: the mode of the file, independent of the umask.
    package static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(SidecarError) {
        let temporary = path + suffix
        unlink(temporary)
        try write(bytes, to: path, in: AT_FDCWD, temporary: temporary, mode: mode)
    }

    /// Replaces a file relative to an open folder.
    ///
    /// - Parameters:
    ///   - folder: the descriptor of the folder, or `AT_FDCWD`.
    ///   - temporary: the name of the temporary file, which must not exist.
    ///   - mode: the mode of the file, independent of the umask.
    package static func write(
        _ bytes: [UInt8], to name: String, in folder: Int32, temporary: String, mode: mode_t
    ) throws(SidecarError) {
        let descriptor = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system(.file, "cannot create \"\(temporary)\"") }
        do {
            try fill(descriptor, bytes, mode: mode, named: temporary)
        } catch {
            close(descriptor)
            unlinkat(folder, temporary, 0)
            throw error
        }
        guard close(descriptor) == 0, renameat(folder, temporary, folder, name) == 0 else {
            let failure = SidecarError.system(.file, "cannot replace \"\(name)\"")
            unlinkat(folder, temporary, 0)
            throw failure
        }
    }

    /// Removes the temporary file of an earlier process that was killed during a write.
    package static func removeTemporary(of path: String) { unlink(path + suffix) }

    private static func fill(
        _ descriptor: Int32, _ bytes: [UInt8], mode: mode_t, named name: String
    ) throws(SidecarError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system(.file, "cannot write \"\(name)\"") }
            written += count
        }
        guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else {
            throw .system(.file, "cannot write \"\(name)\"")
        }
    }
}
