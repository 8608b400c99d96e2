#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The owner and the permissions of a directory.
package struct DirectoryAccess: Sendable, Equatable {
    /// The owner's user ID.
    package let owner: UInt32
    /// The permission bits, with the sticky bit and the set-ID bits.
    package let mode: UInt32

    package var isWritableByGroup: Bool { mode & 0o020 != 0 }
    package var isWritableByOthers: Bool { mode & 0o002 != 0 }

    /// The effective user ID of this process.
    package static var processUser: UInt32 { UInt32(geteuid()) }

    /// Reads them. Follows symbolic links.
    package init(of path: String) throws(LocalFile.Failure) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw LocalFile.Failure(operation: "read", path: path, reason: .system(errno))
        }
        owner = UInt32(status.st_uid)
        mode = UInt32(status.st_mode) & 0o7777
    }

    /// Sets the permission bits.
    package static func set(_ mode: UInt32, of path: String) throws(LocalFile.Failure) {
        guard chmod(path, mode_t(mode)) == 0 else {
            throw LocalFile.Failure(operation: "change the mode of", path: path, reason: .system(errno))
        }
    }
}
