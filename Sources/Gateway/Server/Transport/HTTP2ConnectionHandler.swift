import NIOCore
import NIOHTTP2

/// Ends a HTTP/2 connection so that no stream that was accepted goes unanswered (RFC 9113 §6.8): GOAWAY with the highest
/// stream identifier and a PING; after its acknowledgement GOAWAY with the last stream that is answered; then the
/// connection closes when that one has ended. A peer that does not acknowledge has only some time.
final class HTTP2ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame
    typealias OutboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private enum State {
        case open
        /// The first GOAWAY is sent.
        case ending
        /// The second GOAWAY is sent; no further stream is accepted.
        case ended
    }

    private let connection: ConnectionGuard
    private let acknowledgement: TimeAmount
    private let ping: HTTP2PingData
    private var state = State.open
    private var streams: Set<HTTP2StreamID> = []
    private var lastStream = HTTP2StreamID.rootStream
    private var context: ChannelHandlerContext?
    private var deadline: Scheduled<Void>?

    /// - Parameters:
    ///   - acknowledgement: how long the acknowledgement of the PING is waited for.
    ///   - ping: its payload.
    init(connection: ConnectionGuard, acknowledgement: TimeAmount, ping: UInt64) {
        self.connection = connection
        self.acknowledgement = acknowledgement
        self.ping = HTTP2PingData(withInteger: ping)
    }

    func end() {
        guard case .open = state, let context else { return }
        state = .ending
        announce(in: context)
        send(.ping(ping, ack: false), in: context)
        context.flush()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: acknowledgement) { self.acknowledged() }
    }

    /// Sends the first GOAWAY. It passes NIOHTTP2Handler by, which accepts no further stream of a connection that has
    /// none open when it sends a GOAWAY, whatever the last stream in it.
    private func announce(in context: ChannelHandlerContext) {
        // Length, type, flags, stream, last stream and error code (RFC 9113 §4.1 and §6.8).
        let frame = ByteBuffer(bytes: [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
        let protocolHandler = try? context.pipeline.syncOperations.context(handlerType: NIOHTTP2Handler.self)
        protocolHandler?.write(NIOAny(IOData.byteBuffer(frame)), promise: nil)
    }

    private func acknowledged() {
        deadline?.cancel()
        deadline = nil
        guard case .ending = state, let context else { return }
        state = .ended
        send(.goAway(lastStreamID: lastStream, errorCode: .noError, opaqueData: nil), in: context)
        context.flush()
        closeIfDone()
    }

    private func closeIfDone() {
        guard case .ended = state, streams.isEmpty, let context else { return }
        // In a later tick: the frame that has ended the last stream may not be flushed yet.
        context.eventLoop.assumeIsolated().execute {
            guard let context = self.context else { return }
            context.flush()
            context.close(promise: nil)
        }
    }

    private func send(_ payload: HTTP2Frame.FramePayload, in context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: payload)), promise: nil)
    }

    fileprivate func opened(_ stream: HTTP2StreamID) {
        streams.insert(stream)
        lastStream = max(lastStream, stream)
    }

    fileprivate func closed(_ stream: HTTP2StreamID) {
        streams.remove(stream)
        closeIfDone()
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        deadline?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .ping(ping, ack: true) = unwrapInboundIn(data).payload { acknowledged() }
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed {
            // No acknowledgement will come.
            connection.end()
            acknowledged()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // NIOHTTP2Handler has sent GOAWAY for an error of the protocol.
        context.close(promise: nil)
        connection.end()
    }
}

/// Notifies the connection's handler of opened and closed streams. Its channel's event loop calls it.
struct HTTP2OpenStreams: NIOHTTP2StreamDelegate {
    private let handler: NIOLoopBound<HTTP2ConnectionHandler>

    init(of handler: HTTP2ConnectionHandler, on eventLoop: any EventLoop) {
        self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
    }

    func streamCreated(_ id: HTTP2StreamID, channel: any Channel) { handler.value.opened(id) }

    func streamClosed(_ id: HTTP2StreamID, channel: any Channel) { handler.value.closed(id) }
}
