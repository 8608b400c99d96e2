import NIOCore

/// Notifies the handler of requests that bytes have arrived, before they are parsed.
final class RequestStartHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let handler: RequestHandler

    init(of handler: RequestHandler) { self.handler = handler }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        handler.bytesArrive(unwrapInboundIn(data))
        context.fireChannelRead(data)
    }
}
