import ExchangeClient
import Glibc
import NIOCore
import NIOHTTP2
import NIOPosix

/// A Unix socket that serves gRPC to root only. It replaces the socket of an earlier process without a moment in which
/// the path does not exist.
struct RPCSocket {
    let path: String
    private let channel: any Channel
    private let inode: ino_t

    /// - Throws: if the socket cannot be created.
    init(path: String, service: any RPCService, group: MultiThreadedEventLoopGroup) throws {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        // The kubelet ignores names that begin with a period.
        let temporary = "\(path[..<slash])/.\(UInt32.random(in: 0...UInt32.max))"
        self.path = path
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 128)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                        mode: .server, connectionConfiguration: .init(), streamConfiguration: .init()
                    ) { stream in
                        stream.eventLoop.makeCompletedFuture {
                            try stream.pipeline.syncOperations.addHandler(RPCHandler(service))
                        }
                    }
                }
            }
        let mask = umask(0o177)
        defer { umask(mask) }
        channel = try bootstrap.bind(unixDomainSocketPath: temporary).wait()
        guard rename(temporary, path) == 0 else {
            let failure = SidecarError.system(.file, "cannot create the socket \"\(path)\"")
            unlink(temporary)
            throw failure
        }
        inode = Self.inode(of: path)
    }

    private static func inode(of path: String) -> ino_t {
        var found = stat()
        return lstat(path, &found) == 0 ? found.st_ino : 0
    }

    /// Stops accepting connections, and removes the socket unless another process has replaced it.
    func close() {
        try? channel.close().wait()
        if inode != 0, Self.inode(of: path) == inode { unlink(path) }
    }
}
