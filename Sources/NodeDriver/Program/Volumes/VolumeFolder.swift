import CNodeSystem
import ExchangeClient
import Glibc

/// The folder of one volume, in which the token files are. All system calls are relative to open folders.
struct VolumeFolder {
    enum Storage: String, CaseIterable, Sendable {
        /// A tmpfs for each volume: tokens are never written to a disk.
        case tmpfs
        /// Files on the disk of the node. It needs no privilege to mount.
        case files
    }

    /// Of a tmpfs: 16 endpoints with a token, 64 KiB of files and one temporary file.
    static let mountOptions = "mode=0755,size=2m,nr_inodes=1k"

    private static let entry = "mount"
    private static let temporaryPrefix = ".sts-node-"
    /// A temporary file that is older was left by a process that was killed.
    private static let temporaryAge = 60.0

    let folder: NodeFolder

    /// - Returns: the folder of a published volume; nil if the volume is not published.
    static func open(_ target: TargetPath, in pods: NodeFolder, _ storage: Storage) throws(SidecarError)
        -> VolumeFolder?
    {
        guard let parent = try pods.folder(target.parent), let folder = try parent.folder(entry) else { return nil }
        return storage == .files || isMounted(folder, in: parent) ? VolumeFolder(folder: folder) : nil
    }

    /// Whether a tmpfs is mounted on the folder.
    private static func isMounted(_ folder: NodeFolder, in parent: NodeFolder) -> Bool {
        folder.identity.device != parent.identity.device && node_is_tmpfs(folder.descriptor) != 0
    }

    /// Creates the folder and mounts the tmpfs, unless both were done before.
    ///
    /// - Parameter lock: a folder that other processes of this driver lock, too, so that the tmpfs is mounted once.
    static func make(
        _ target: TargetPath, in pods: NodeFolder, _ storage: Storage, lock: NodeFolder
    ) throws(SidecarError) -> VolumeFolder {
        guard let parent = try pods.folder(target.parent) else {
            throw SidecarError(.file, "the kubelet has not created the folder of the volume")
        }
        if storage == .files { return VolumeFolder(folder: try parent.makeFolder(entry)) }
        let held = try Lock(lock)
        defer { held.end() }
        if let folder = try parent.folder(entry), isMounted(folder, in: parent) { return VolumeFolder(folder: folder) }
        let empty = try parent.makeFolder(entry)
        guard node_mount_tmpfs(empty.descriptor, mountOptions) == 0 else {
            throw .system(.file, "cannot mount a tmpfs; the driver needs a privileged container, or --storage files")
        }
        guard let folder = try parent.folder(entry), isMounted(folder, in: parent) else {
            throw SidecarError(.file, "the tmpfs is not visible; the driver needs mountPropagation: Bidirectional")
        }
        return VolumeFolder(folder: folder)
    }

    /// Removes the files, the mount and the empty folder. A volume that does not exist is no error.
    static func remove(_ target: TargetPath, in pods: NodeFolder, lock: NodeFolder) throws(SidecarError) {
        guard let parent = try pods.folder(target.parent) else { return }
        let held = try Lock(lock)
        defer { held.end() }
        // Each pass removes one mount: two drivers can have mounted one each.
        for _ in 0..<8 {
            guard let folder = try parent.folder(entry) else { return }
            try folder.removeContents()
            guard folder.identity.device != parent.identity.device else { break }
            guard node_unmount(parent.descriptor, entry) == 0 else { throw .system(.file, "cannot unmount the tmpfs") }
        }
        guard unlinkat(parent.descriptor, entry, AT_REMOVEDIR) == 0 || errno == ENOENT else {
            throw .system(.file, "cannot remove the folder of the volume")
        }
    }

    /// Writes a file of an endpoint.
    func write(_ bytes: [UInt8], to name: String, of endpoint: String, mode: mode_t) throws(SidecarError) {
        let inner = try folder.makeFolder(endpoint)
        let random = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        try AtomicFile.write(
            bytes, to: name, in: inner.descriptor, temporary: Self.temporaryPrefix + random, mode: mode)
    }

    /// Removes temporary files of processes that were killed.
    ///
    /// - Parameter wall: now, in seconds since 1970.
    func removeTemporary(of endpoint: String, at wall: Double) throws(SidecarError) {
        guard let inner = try folder.folder(endpoint) else { return }
        for name in inner.names where name.hasPrefix(Self.temporaryPrefix) {
            guard let changed = inner.changeTime(name), abs(wall - changed) > Self.temporaryAge else { continue }
            unlinkat(inner.descriptor, name, 0)
        }
    }

    /// The token of an endpoint and when it was written, in seconds since 1970; nil if there is none.
    func token(of endpoint: String) throws(SidecarError) -> (token: IssuedToken, written: Double)? {
        guard let inner = try folder.folder(endpoint), let written = inner.changeTime("token"),
            let bytes = try? BoundedFile.read(
                "token", in: inner.descriptor, flags: O_NOFOLLOW, maximumBytes: IssuedToken.maximumBytes),
            let token = IssuedToken(bytes)
        else { return nil }
        return (token, written)
    }
}

/// A lock that all processes of the driver on a node share (flock(2)). It ends with the process.
private struct Lock {
    private let descriptor: Int32

    init(_ folder: NodeFolder) throws(SidecarError) {
        descriptor = openat(folder.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(.file, "cannot open the folder of the lock") }
        while node_lock(descriptor) != 0 {
            guard errno == EINTR else {
                let failure = SidecarError.system(.file, "cannot lock the mounts")
                close(descriptor)
                throw failure
            }
        }
    }

    func end() { close(descriptor) }
}
