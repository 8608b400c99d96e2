import Glibc

/// Reads small files completely.
package enum BoundedFile {
    package static func read(_ path: String, maximumBytes: Int) throws(SidecarError) -> [UInt8] {
        try read(path, in: AT_FDCWD, flags: 0, maximumBytes: maximumBytes)
    }

    /// Reads a file relative to an open folder.
    ///
    /// - Parameters:
    ///   - folder: the descriptor of the folder, or `AT_FDCWD`.
    ///   - flags: of open(2), such as `O_NOFOLLOW`.
    package static func read(
        _ path: String, in folder: Int32, flags: Int32, maximumBytes: Int
    ) throws(SidecarError) -> [UInt8] {
        let descriptor = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags)
        guard descriptor >= 0 else { throw .system(.file, "cannot read \"\(path)\"") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maximumBytes + 1)
        var count = 0
        while count <= maximumBytes {
            let got = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, maximumBytes + 1 - count)
            }
            guard got >= 0 else {
                if errno == EINTR { continue }
                throw .system(.file, "cannot read \"\(path)\"")
            }
            if got == 0 { break }
            count += got
        }
        guard count <= maximumBytes else {
            throw SidecarError(.file, "\"\(path)\" is longer than \(maximumBytes) bytes")
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
