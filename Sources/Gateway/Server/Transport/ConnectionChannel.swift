import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypesHTTP2
import NIOSSL
import NIOTLS

/// A connection of a listener: TLS where it has certificates, then HTTP/2 or HTTP/1.x as the peer chooses.
struct ConnectionChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let requests: AsyncStream<ReceivedRequest>
    }

    /// nil for a plain connection.
    let tls: NIOSSLContext?
    let limits: ConnectionLimits
    let connections: ListenerConnections
    let budget: BodyBudget
    /// Whether requests are answered on their connection's event loop, and not on the pool of Swift's tasks.
    var isOnEventLoop = false
    /// Whether a plain connection speaks HTTP/2, and not HTTP/1.x.
    var isPlainHTTP2 = false
    /// Answers one request.
    let respond: @Sendable (ReceivedRequest) async -> Void

    static let applicationProtocols = ["h2", "http/1.1"]

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            SocketLiveness.set(on: channel, userTimeout: limits.write)
            // TLS and HTTP/2 keep buffers of what one turn has read, for as long as the connection is open: at most a
            // TLS record (RFC 8446 §5.1).
            try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
            try channel.syncOptions?.setOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 1 << 10, initial: 4 << 10, maximum: 16 << 10))
            let (stream, requests) = AsyncStream.makeStream(of: ReceivedRequest.self)
            let connection = ConnectionGuard(connections: connections, limits: limits) { requests.finish() }
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(connection)
            let setUp = { (name: String?) in
                let setUp = name == "h2" ? http2 : http1
                try setUp(channel, connection, requests)
            }
            if let tls {
                try pipeline.addHandler(NIOSSLServerHandler(context: tls))
                try pipeline.addHandler(ProtocolSelection(setUp))
            } else {
                try setUp(isPlainHTTP2 ? "h2" : nil)
            }
            return Value(channel: channel, requests: stream)
        }
    }

    func handle(value: Value, logger: Logger) async {
        let executor = isOnEventLoop ? EventLoopExecutor(value.channel.eventLoop) : nil
        await withTaskExecutorPreference(executor) {
            await withDiscardingTaskGroup { group in
                for await request in value.requests { group.addTask { await respond(request) } }
            }
        }
    }

    private func http1(
        _ channel: any Channel, _ connection: ConnectionGuard, _ requests: AsyncStream<ReceivedRequest>.Continuation
    ) throws {
        let handler = RequestHandler(
            isStream: false, connection: connection, limits: limits, budget: budget, requests: requests)
        var decoder = NIOHTTPDecoderLimitConfiguration()
        decoder.maxHeaderFieldSize = limits.headerBytes
        decoder.maxHeaderListSize = limits.headerBytes
        decoder.maxHeaderFieldCount = 100
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(RequestStartHandler(of: handler))
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
            withEncoderConfiguration: .init(), withDecoderLimitConfiguration: decoder)
        try pipeline.addHandlers(HTTP1Framing(), handler)
        connection.established { handler.end() }
    }

    private func http2(
        _ channel: any Channel, _ connection: ConnectionGuard, _ requests: AsyncStream<ReceivedRequest>.Continuation
    ) throws {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.streams),
            // Headers a little over the limit are answered with 431; of more, nothing is read.
            HTTP2Setting(parameter: .maxHeaderListSize, value: 4 * limits.headerBytes),
        ]
        let handler = HTTP2ConnectionHandler(
            connection: connection, acknowledgement: .nanoseconds(limits.closing.nanoseconds / 2),
            ping: .random(in: 0 ... .max))
        let bound = NIOLoopBound(connection, eventLoop: channel.eventLoop)
        let multiplexer = NIOHTTP2Handler(
            mode: .server, eventLoop: channel.eventLoop, connectionConfiguration: configuration,
            streamDelegate: HTTP2OpenStreams(of: handler, on: channel.eventLoop)
        ) { [limits, budget] stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandlers(
                    HTTP2FramePayloadToHTTPServerCodec(),
                    RequestHandler(
                        isStream: true, connection: bound.value, limits: limits, budget: budget, requests: requests))
            }
        }
        try channel.pipeline.syncOperations.addHandlers(multiplexer, handler)
        connection.established { handler.end() }
    }
}

/// Sets up the protocol that the TLS handshake has chosen (RFC 7301).
final class ProtocolSelection: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let setUp: (String?) throws -> Void

    /// - Parameter setUp: takes the protocol; nil where the peer offers none.
    init(_ setUp: @escaping (String?) throws -> Void) { self.setUp = setUp }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSUserEvent, case .handshakeCompleted(let name) = event {
            do {
                try setUp(name)
            } catch {
                context.close(promise: nil)
            }
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
