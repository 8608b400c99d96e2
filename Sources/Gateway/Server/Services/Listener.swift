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
    /// `tokens` or `admin`; a closed set.
    let name: String
    let address: ListenAddress
    let limits: GatewayConfiguration.Limits
    let responder: GatewayResponder
    /// nil for plain HTTP/1.1.
    let certificates: ServingCertificates?
    let logger: Logger

    /// A TLS handshake takes at most this long.
    private static let handshakeTimeout = TimeAmount.seconds(10)
    /// What is read of a body that is too large, before the connection is cut.
    private static let drainedBytes = 1 << 20

    /// The endpoints' token calls and documents, over TLS.
    static func tokens(
        _ address: ListenAddress, endpoints: [MountedEndpoint], certificates: ServingCertificates,
        limits: GatewayConfiguration.Limits, decisions: DecisionReporting, logger: Logger
    ) -> Listener {
        Listener(
            name: "tokens", address: address, limits: limits,
            responder: .tokens(
                endpoints: endpoints, caBundle: certificates.issuers, maximumBodyBytes: limits.bodyBytes,
                decisions: decisions, logger: logger),
            certificates: certificates, logger: logger)
    }

    /// Liveness, readiness and metrics, over plain HTTP.
    static func admin(
        _ address: ListenAddress, endpoints: [MountedEndpoint], rings: KeyRingReplica,
        publication: PublicationStatuses, metrics: MetricsRoutes, limits: GatewayConfiguration.Limits, logger: Logger
    ) -> Listener {
        Listener(
            name: "admin", address: address, limits: limits,
            responder: .admin(
                endpoints: endpoints, rings: rings, publication: publication, maximumBodyBytes: limits.bodyBytes,
                metrics: metrics, logger: logger),
            certificates: nil, logger: logger)
    }

    func run() async throws {
        let server = HTTPServerBuilder { responder in
            guard let certificates else {
                return HTTP1Channel(responder: responder, configuration: streamConfiguration)
            }
            let channel = try HTTP2UpgradeChannel(
                tlsConfiguration: certificates.tlsConfiguration,
                configuration: HTTP2ChannelConfiguration(
                    idleTimeout: .seconds(limits.idleTimeout), gracefulCloseTimeout: .seconds(limits.readTimeout),
                    streamConfiguration: streamConfiguration),
                responder: responder)
            return HandshakeDeadline(base: channel, timeout: Self.handshakeTimeout)
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
        let drained = limits.bodyBytes + Self.drainedBytes
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
