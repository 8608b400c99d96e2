import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Bounds what one peer can cost before any handler has looked at its request: the time for a request to arrive, the
/// size of its body, and of its headers.
///
/// It sits in each HTTP/1 connection and each HTTP/2 stream.
final class RequestBoundsHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let readTimeout: TimeAmount
    /// More of a body than this is not even read to be thrown away. The routes answer 413 at their own, lower limit.
    private let maximumDrainedBytes: Int
    private var deadline: Scheduled<Void>?
    private var bodyBytes = 0
    private var responseBegun = false

    init(readTimeout: TimeAmount, maximumDrainedBytes: Int) {
        self.readTimeout = readTimeout
        self.maximumDrainedBytes = maximumDrainedBytes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            bodyBytes = 0
            let channel = context.channel
            deadline = context.eventLoop.scheduleTask(in: readTimeout) { channel.close(promise: nil) }
        case .body(let buffer):
            bodyBytes += buffer.readableBytes
            guard bodyBytes <= maximumDrainedBytes else {
                context.close(promise: nil)
                return
            }
        case .end:
            deadline?.cancel()
            deadline = nil
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head: responseBegun = true
        case .end: responseBegun = false
        case .body: break
        }
        context.write(data, promise: promise)
    }

    /// Headers over the decoder's limit are answered with 431 (RFC 6585 §5), and the connection ends.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, error == .headerOverflow, !responseBegun else {
            context.fireErrorCaught(error)
            return
        }
        let fields: HTTPFields = [.connection: "close", .contentLength: "0", .cacheControl: "no-store"]
        context.write(
            wrapOutboundOut(.head(HTTPResponse(status: .requestHeaderFieldsTooLarge, headerFields: fields))),
            promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        context.fireChannelInactive()
    }
}
