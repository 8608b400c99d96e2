import CNodeSystem
import ExchangeClient
import Glibc

/// An open folder. Everything below it is reached relative to its descriptor, and no symbolic link is followed.
final class NodeFolder {
    let descriptor: Int32

    private init(adopting descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Opens a folder of the configuration. Its path may contain symbolic links.
    static func configured(_ path: String) throws(SidecarError) -> NodeFolder {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(.file, "cannot open \"\(path)\"") }
        return NodeFolder(adopting: descriptor)
    }

    private static let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

    /// Opens a folder below this one.
    ///
    /// - Parameter path: components without `.` and `..`.
    /// - Returns: nil if it does not exist.
    /// - Throws: if a component is a symbolic link or no folder.
    func folder(_ path: String) throws(SidecarError) -> NodeFolder? {
        var opened = node_openat2(descriptor, path, Self.flags)
        if opened < 0, errno == ENOSYS || errno == EPERM { opened = openByComponent(path) }
        guard opened >= 0 else {
            if errno == ENOENT { return nil }
            if errno == ELOOP || errno == ENOTDIR || errno == EXDEV {
                throw SidecarError(.file, "\"\(path)\" contains a symbolic link or is not a folder")
            }
            throw .system(.file, "cannot open \"\(path)\"")
        }
        return NodeFolder(adopting: opened)
    }

    /// For kernels before 5.6, and for sandboxes that do not permit openat2(2).
    func openByComponent(_ path: String) -> Int32 {
        var current = dup(descriptor)
        for component in path.split(separator: "/") {
            let next = openat(current, String(component), Self.flags)
            let code = errno
            close(current)
            guard next >= 0 else {
                errno = code
                return -1
            }
            current = next
        }
        return current
    }

    /// Opens a folder in this one, and creates it if it does not exist.
    func makeFolder(_ name: String) throws(SidecarError) -> NodeFolder {
        if mkdirat(descriptor, name, 0o755) != 0, errno != EEXIST { throw .system(.file, "cannot create \"\(name)\"") }
        guard let made = try folder(name) else { throw SidecarError(.file, "\"\(name)\" was removed") }
        // Independent of the umask: containers with other user ids read the folder.
        guard fchmod(made.descriptor, 0o755) == 0 else { throw .system(.file, "cannot change the mode of \"\(name)\"") }
        return made
    }

    /// The device and the inode.
    var identity: (device: UInt64, inode: UInt64) {
        var found = stat()
        guard fstat(descriptor, &found) == 0 else { return (0, 0) }
        return (UInt64(found.st_dev), UInt64(found.st_ino))
    }

    /// Seconds since 1970 of the last change of a regular file; nil if it is none.
    func changeTime(_ name: String) -> Double? {
        var found = stat()
        guard fstatat(descriptor, name, &found, AT_SYMLINK_NOFOLLOW) == 0, found.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        return Double(found.st_mtim.tv_sec) + Double(found.st_mtim.tv_nsec) / 1e9
    }

    /// The names of the entries.
    var names: [String] {
        let copy = openat(descriptor, ".", Self.flags)
        guard copy >= 0, let stream = fdopendir(copy) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes the files of this folder and of its folders, and those folders. It follows no link, enters no other file
    /// system, and goes no deeper.
    func removeContents(depth: Int = 1) throws(SidecarError) {
        for name in names {
            if unlinkat(descriptor, name, 0) == 0 { continue }
            guard errno == EISDIR || errno == EPERM, depth > 0 else {
                throw .system(.file, "cannot remove \"\(name)\"")
            }
            guard let inner = try folder(name) else { continue }
            guard inner.identity.device == identity.device else {
                throw SidecarError(.file, "\"\(name)\" is a mount point; unmount it")
            }
            try inner.removeContents(depth: depth - 1)
            guard unlinkat(descriptor, name, AT_REMOVEDIR) == 0 else {
                throw .system(.file, "cannot remove \"\(name)\"")
            }
        }
    }
}
