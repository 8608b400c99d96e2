import CNodeSystem
import COpenSSL
import ExchangeClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// The program `sts-node`: writes the token files of the Pods of a node, which have an inline CSI volume.
@main
struct STSNode {
    // Exit codes of sysexits(3).
    private static let usageError: Int32 = 64
    private static let systemError: Int32 = 71

    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case "run": run(Array(arguments.dropFirst()))
        case "--help", "-h", "help": print(help, terminator: "")
        case "--version", "version": print("sts-node \(NodeVersion.text)")
        default:
            LogLine.print(
                "sts-node: unknown command \"\(arguments.first ?? "")\" (\(SidecarCode.usage.rawValue))\n\(help)")
            exit(usageError)
        }
    }

    private static func run(_ arguments: [String]) {
        do throws(NodeOptions.Problems) {
            let options = try NodeOptions(
                arguments: arguments, environment: { getenv($0).map { String(cString: $0) } })
            guard let server = options.server else { return }
            try serve(options, server)
        } catch {
            LogLine.print(error.texts.map { "sts-node: \($0) (\(SidecarCode.usage.rawValue))\n" }.joined())
            exit(usageError)
        }
    }

    private static func serve(_ options: NodeOptions, _ server: ServerAddress) throws(NodeOptions.Problems) {
        node_limit_memory_areas()
        HostResolver.limitTime()
        signal(SIGPIPE, SIG_IGN)
        // Threads inherit the mask, so that only this one receives the signals.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        do {
            let sockets = try start(options, server)
            LogLine.write(.info, "driver started", [("driver", LogLine.quote(options.driver))])
            var received: Int32 = 0
            sigwait(&signals, &received)
            for socket in sockets.reversed() { socket.close() }
        } catch {
            let failure = error as? SidecarError ?? SidecarError(.system, "\(error)")
            LogLine.print("sts-node: \(failure.codedReason)\n")
            exit(systemError)
        }
        // Token files are complete at any time, and the next process continues from them.
        exit(0)
    }

    private static func start(_ options: NodeOptions, _ server: ServerAddress) throws -> [RPCSocket] {
        for folder in [options.pluginFolder, "\(options.kubeletFolder)/plugins_registry"] {
            guard mkdir(folder, 0o750) == 0 || errno == EEXIST else {
                throw SidecarError.system(.file, "cannot create \"\(folder)\"")
            }
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        // One more thread than concurrent exchanges: unpublish does not wait for the gateway.
        let pool = NIOThreadPool(numberOfThreads: options.concurrency + 1)
        pool.start()
        let metrics = Metrics()
        let table = VolumeTable()
        let gateway = GatewaySetting(
            server: server, caFile: options.caFile, caCache: "\(options.pluginFolder)/ca-bundle.pem",
            timeout: Double(options.timeout))
        let queue = ExchangeQueue(pool, maximum: options.concurrency, gateway) { sidecar_release_memory() }
        let service = NodeService(
            .init(
                driver: options.driver, nodeID: options.nodeID, kubeletFolder: options.kubeletFolder,
                audience: options.audience, storage: options.storage, tokenMode: options.tokenMode),
            endpoints: EndpointSettings(file: options.endpointsFile), queue: queue, pool: pool, table: table,
            metrics: metrics,
            folders: { () throws(SidecarError) -> (pods: NodeFolder, lock: NodeFolder) in
                (
                    try NodeFolder.configured("\(options.kubeletFolder)/pods"),
                    try NodeFolder.configured(options.pluginFolder)
                )
            })
        if let admin = options.admin {
            let channel = try ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                        try channel.pipeline.syncOperations.addHandler(AdminHandler(table, metrics))
                    }
                }
                .bind(host: admin.host, port: admin.port).wait()
            LogLine.write(
                .info, "metrics served", [("port", "\(channel.localAddress?.port ?? 0)")])
        }
        let calls = try RPCSocket(path: options.socket, service: service, group: group)
        // Last, since the kubelet connects to the other socket at once.
        let registration = RegistrationService(driver: options.driver, endpoint: options.socket, metrics: metrics)
        return [calls, try RPCSocket(path: options.registrationSocket, service: registration, group: group)]
    }

    private static var help: String {
        let lines = NodeOptions.table.map { entry in
            "  \(entry.flag)\(String(repeating: " ", count: max(1, 20 - entry.flag.count)))\(entry.help)\n"
                + String(repeating: " ", count: 22) + "or \(entry.variable)\n"
        }
        return "sts-node run     write the token files of this node's Pods until SIGTERM\n\n" + lines.joined()
    }
}
