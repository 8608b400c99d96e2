import NIOCore
import NIOHPACK
import NIOHTTP2

/// Answers the calls of a socket.
protocol RPCService: Sendable {
    /// - Parameter method: such as `/csi.v1.Node/NodeGetInfo`.
    /// - Returns: the bytes of the response message. A failure is an ``RPCError``.
    func response(to method: String, _ message: ArraySlice<UInt8>, on loop: any EventLoop) -> EventLoopFuture<[UInt8]>
}

/// One unary call of gRPC over an HTTP/2 stream.
final class RPCHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    /// Of a request message. The kubelet sends a token and the volume's attributes.
    static let maximumMessageBytes = 1 << 20

    private let service: any RPCService
    private var method: String?
    private var received: [UInt8] = []
    private var isAnswered = false

    init(_ service: any RPCService) { self.service = service }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let frame):
            guard method == nil else { return end(context, frame.endStream) }
            guard frame.headers.first(name: ":method") == "POST", let path = frame.headers.first(name: ":path"),
                frame.headers.first(name: "content-type")?.hasPrefix("application/grpc") == true
            else { return fail(context, RPCError(.unimplemented, "not a gRPC call")) }
            method = path
            end(context, frame.endStream)
        case .data(let frame):
            if case .byteBuffer(let buffer) = frame.data { received += buffer.readableBytesView }
            guard received.count <= Self.maximumMessageBytes + 5 else {
                received = []
                return fail(
                    context,
                    RPCError(.resourceExhausted, "the message is longer than \(Self.maximumMessageBytes) bytes"))
            }
            end(context, frame.endStream)
        default: break
        }
    }

    /// Answers when the request is complete.
    private func end(_ context: ChannelHandlerContext, _ isComplete: Bool) {
        guard isComplete, !isAnswered else { return }
        guard let method, received.count >= 5, received[0] == 0,
            received[1..<5].reduce(0, { $0 << 8 | Int($1) }) == received.count - 5
        else { return fail(context, RPCError(.unimplemented, "expected one message without compression")) }
        isAnswered = true
        let message = received[5...]
        received = []
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        service.response(to: method, message, on: context.eventLoop).whenComplete { result in
            let (handler, context) = bound.value
            guard context.channel.isActive else { return }
            switch result {
            case .success(let bytes): handler.succeed(context, bytes)
            case .failure(let error as RPCError): handler.write(context, error)
            case .failure: handler.write(context, RPCError(.internal, "internal error"))
            }
        }
    }

    private func fail(_ context: ChannelHandlerContext, _ error: RPCError) {
        guard !isAnswered else { return }
        isAnswered = true
        write(context, error)
    }

    private func succeed(_ context: ChannelHandlerContext, _ message: [UInt8]) {
        send(context, [(":status", "200"), ("content-type", "application/grpc")], isLast: false)
        var buffer = context.channel.allocator.buffer(capacity: message.count + 5)
        buffer.writeInteger(UInt8(0))
        buffer.writeInteger(UInt32(truncatingIfNeeded: message.count))
        buffer.writeBytes(message)
        context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(buffer)))), promise: nil)
        send(context, [("grpc-status", "0")], isLast: true)
        context.flush()
    }

    private func write(_ context: ChannelHandlerContext, _ error: RPCError) {
        send(
            context,
            [
                (":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "\(error.code.rawValue)"),
                ("grpc-message", error.encodedMessage),
            ], isLast: true)
        context.flush()
    }

    private func send(_ context: ChannelHandlerContext, _ fields: [(String, String)], isLast: Bool) {
        let payload = HTTP2Frame.FramePayload.Headers(headers: HPACKHeaders(fields), endStream: isLast)
        context.write(wrapOutboundOut(.headers(payload)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
