import FoundationEssentials
import GatewayCore
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import ServiceLifecycle

/// A listening socket and what is served on it. Stopped gracefully, it answers what was begun and closes.
struct Listener: Service {
    /// `tokens`, `webhook` or `admin`; a closed set.
    let name: String
    let address: ListenAddress
    let limits: GatewayConfiguration.Limits
    /// What a request's body may be long; nil for that of the limits.
    var maximumBodyBytes: Int?
    let responder: GatewayResponder
    /// nil for plain HTTP/1.1.
    let certificates: ServingCertificates?
    /// PEM: who connects has a certificate of one of these authorities; nil for anybody.
    var clientAuthorityFile: String?
    /// A TLS handshake takes at most this long.
    var handshakeTimeout = TimeAmount.seconds(10)
    /// What it waits for before it listens.
    var untilReady: @Sendable () async -> Void = {}
    let logger: Logger

    /// What is read of a body that is too large, before the connection is cut.
    private static let drainedBytes = 1 << 20

    func run() async throws {
        await cancelWhenGracefulShutdown { await untilReady() }
        if let certificates {
            await cancelWhenGracefulShutdown { await certificates.untilReady() }
            guard certificates.problem == nil else { return }
        }
        let server = HTTPServerBuilder { responder in
            guard let certificates else {
                return HTTP1Channel(responder: responder, configuration: streamConfiguration)
            }
            var tls = certificates.tlsConfiguration
            if let clientAuthorityFile {
                tls.trustRoots = .file(clientAuthorityFile)
                tls.certificateVerification = .noHostnameVerification
            }
            let channel = try HTTP2UpgradeChannel(
                tlsConfiguration: tls,
                configuration: HTTP2ChannelConfiguration(
                    idleTimeout: .seconds(limits.idleTimeout), gracefulCloseTimeout: .seconds(limits.readTimeout),
                    streamConfiguration: streamConfiguration),
                responder: responder)
            return HandshakeDeadline(base: channel, timeout: handshakeTimeout)
        }
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            responder: responder, server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port),
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections, logger: quiet)),
            onServerRunning: { channel in
                logger.notice(
                    "listening",
                    metadata: [
                        "listener": "\(name)",
                        "address": "\(channel.localAddress?.ipAddress ?? address.host)",
                        "port": .stringConvertible(channel.localAddress?.port ?? address.port),
                    ])
            },
            logger: quiet)
        try await application.run()
    }

    private var streamConfiguration: HTTP1Channel.Configuration {
        let readTimeout = TimeAmount.seconds(Int64(limits.readTimeout))
        let drained = (maximumBodyBytes ?? limits.bodyBytes) + Self.drainedBytes
        return HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                RequestBoundsHandler(readTimeout: readTimeout, maximumDrainedBytes: drained)
            ],
            idleTimeout: .seconds(Int64(limits.idleTimeout)),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes, maxHeaderFieldCount: 100)
        )
    }
}
