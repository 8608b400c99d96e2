import FoundationEssentials
import GatewayCore
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// A listening socket with its responder. A graceful shutdown completes the requests in progress.
struct Listener: Service {
    /// `tokens`, `webhook` or `admin`; a closed set.
    let name: String
    let address: ListenAddress
    let limits: GatewayConfiguration.Limits
    /// Of a request's body; nil for that of the limits.
    var maximumBodyBytes: Int?
    let budget: BodyBudget
    let metrics: ConnectionMetrics
    let responder: GatewayResponder
    /// nil for plain HTTP/1.x.
    let certificates: ServingCertificates?
    let policy: TLSPolicy
    /// The file with the CAs of client certificates in PEM; nil where no client certificate is required.
    var clientAuthorityFile: String?
    /// Whether its requests take so little time that they are answered on their connection's event loop.
    var isOnEventLoop = false
    /// What it waits for before it listens.
    var untilReady: @Sendable () async -> Void = {}
    /// Called when it accepts connections.
    var onListening: @Sendable () -> Void = {}
    /// Seconds until connections that are still open are cut, asked when the listener is stopped.
    let secondsUntilCut: @Sendable () -> Double
    let scheduler: Scheduler
    let logger: Logger

    /// Seconds for which a new TLS connection without a request is left alone where the listener gets full. A plain one
    /// can send its request with the connection's first packet.
    private static let patience = 2.0
    /// Connections that the system takes while the listener looks at others.
    private static let backlog = 4_096

    func run() async throws {
        await cancelWhenGracefulShutdown { await untilReady() }
        if let certificates {
            await cancelWhenGracefulShutdown { await certificates.untilReady() }
            guard certificates.problem == nil else { return }
        }
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let connections = ListenerConnections(
            limit: limits.connections, patience: certificates == nil ? 0 : Self.patience,
            onEviction: metrics.count, monotonic: scheduler.monotonic)
        let dates = HTTPDate()
        let server = Server(
            childChannelSetup: ConnectionChannel(
                tls: try tls(), limits: connectionLimits, connections: connections, budget: budget.share(),
                isOnEventLoop: isOnEventLoop,
                respond: { request in await respond(to: request, dates) }),
            configuration: ServerConfiguration(
                address: .hostname(address.host, port: address.port), backlog: Self.backlog,
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections, logger: quiet)),
            onServerRunning: { channel in
                onListening()
                logger.notice(
                    "listening",
                    metadata: [
                        "listener": "\(name)",
                        "address": "\(channel.localAddress?.ipAddress ?? address.host)",
                        "port": .stringConvertible(channel.localAddress?.port ?? address.port),
                    ])
            }, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        try await run(server, connections)
    }

    private func run(_ server: some Service, _ connections: ListenerConnections) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await server.run()
                return true
            }
            group.addTask {
                // Cancelled where the process ends at once, or where the server has ended.
                if (try? await gracefulShutdown()) != nil {
                    try? await scheduler.sleep(max(0, secondsUntilCut()))
                    if !Task.isCancelled, connections.count > 0 {
                        logger.warning(
                            "connections cut at the end of the shutdown",
                            metadata: [
                                "code": "\(ErrorCode.shutdownTimedOut)", "listener": "\(name)",
                                "connections": .stringConvertible(connections.count),
                            ])
                    }
                }
                connections.abortAll()
                return false
            }
            while let isEnded = try await group.next(), !isEnded {}
            group.cancelAll()
        }
    }

    private func respond(to request: ReceivedRequest, _ dates: HTTPDate) async {
        var response: Response
        var body = ByteBuffer()
        do {
            response = try await responder.respond(to: request)
            body = try await response.body.collected()
        } catch {
            response = .serverError
            body = (try? await response.body.collected()) ?? ByteBuffer()
        }
        response.headers[.date] = dates.text(scheduler.now())
        request.reply(response.head, body)
    }

    private func tls() throws -> NIOSSLContext? {
        guard var configuration = certificates?.tlsConfiguration else { return nil }
        if let clientAuthorityFile {
            configuration.trustRoots = .file(clientAuthorityFile)
            configuration.certificateVerification = .noHostnameVerification
        }
        policy.apply(to: &configuration)
        configuration.applicationProtocols = ConnectionChannel.applicationProtocols
        return try NIOSSLContext(configuration: configuration)
    }

    private var connectionLimits: ConnectionLimits {
        let read = TimeAmount.seconds(Int64(limits.readTimeout))
        return ConnectionLimits(
            read: read, write: read,
            idle: { .nanoseconds(Int64(limits.idleSeconds(random: scheduler.random()) * 1e9)) },
            headerBytes: limits.headerBytes, bodyBytes: maximumBodyBytes ?? limits.bodyBytes,
            drainedBytes: (maximumBodyBytes ?? limits.bodyBytes) + (1 << 20))
    }
}
